// Numbers as text and back, exactly: the shortest decimal that reads back as the same float.

/** Digits that tell any two float32 apart (IEEE 754: 9); below 6 a shorter one is found by dropping zeros. */
const FLOAT32_DIGITS = { least: 6, most: 9 };

/** Shortest text of a double, or of a float32 where `single`. */
export function floatText(value: number, single: boolean): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  if (Object.is(value, -0)) return '-0';
  if (!single) return String(value);
  for (let digits = FLOAT32_DIGITS.least; digits < FLOAT32_DIGITS.most; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return String(Number(text));
  }
  return String(Number(value.toPrecision(FLOAT32_DIGITS.most)));
}

/** Of a float attribute, told from an integer by its point, exponent or word. */
export function floatLiteral(value: number): string {
  const text = floatText(value, true);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

export function floatOf(literal: string): number {
  const word = literal.toLowerCase();
  if (word === 'nan' || word === '-nan') return NaN;
  if (word === 'inf' || word === 'infinity') return Infinity;
  if (word === '-inf' || word === '-infinity') return -Infinity;
  return Number(literal);
}
