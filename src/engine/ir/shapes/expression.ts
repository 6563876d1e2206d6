// Symbolic dimensions as canonical text: integer polynomials over names, such as `2*N + 1`, and over the rounding calls
// `floorDiv(…, k)`, `ceilDiv(…, k)`, `max(…)`, `min(…)`. Equal text means equal size. Not a general algebra system.

/** Coefficients by monomial; a monomial is its factors in order, joined by `*` ('' is the constant term). */
export type Polynomial = ReadonlyMap<string, number>;

const plainName = /^[A-Za-z_][\w.:]*$/;
const calls = ['floorDiv', 'ceilDiv', 'max', 'min'] as const;
type Call = (typeof calls)[number];

/** Text for a dimension's name from a file; names that are no identifier are set in backticks. */
export function nameText(name: string): string {
  return plainName.test(name) ? name : `\`${name.replaceAll('`', "'")}\``;
}

/** The name as a person wrote it, when the text is a single name; otherwise the text itself. */
export function plainText(text: string): string {
  return /^`[^`]*`$/.test(text) ? text.slice(1, -1) : text;
}

export function constant(value: number): Polynomial {
  return new Map(value === 0 ? [] : [['', value]]);
}

export function isConstant(polynomial: Polynomial): number | undefined {
  if (polynomial.size === 0) return 0;
  return polynomial.size === 1 ? polynomial.get('') : undefined;
}

export function plus(a: Polynomial, b: Polynomial, sign: 1 | -1 = 1): Polynomial {
  const sum = new Map(a);
  for (const [monomial, coefficient] of b) addTerm(sum, monomial, sign * coefficient);
  return sum;
}

export function times(a: Polynomial, b: Polynomial): Polynomial {
  const product = new Map<string, number>();
  for (const [left, x] of a) for (const [right, y] of b) addTerm(product, joinMonomials(left, right), x * y);
  return product;
}

/** a / b when b is a single term that divides every term of a, or a multiple of all of b; undefined otherwise. */
export function dividedBy(a: Polynomial, b: Polynomial): Polynomial | undefined {
  if (a.size === 0 && b.size > 0) return a;
  const [first] = b;
  if (first === undefined) return undefined;
  if (b.size > 1) {
    const [head] = a;
    const whole = head === undefined ? undefined : dividedBy(new Map([head]), new Map([first]));
    if (whole === undefined) return undefined;
    return print(times(whole, b)) === print(a) ? whole : undefined;
  }
  const [divisor, factor] = first;
  const quotient = new Map<string, number>();
  for (const [monomial, coefficient] of a) {
    const rest = withoutFactors(monomial, divisor);
    if (rest === undefined || coefficient % factor !== 0) return undefined;
    addTerm(quotient, rest, coefficient / factor);
  }
  return quotient;
}

/** The text of the value of one call; whole multiples of the divisor move out of a rounded division. */
export function call(name: Call, a: Polynomial, b: Polynomial): Polynomial {
  const divisor = isConstant(b);
  if ((name === 'floorDiv' || name === 'ceilDiv') && divisor !== undefined && divisor > 0) {
    const exact = new Map([...a]
      .map(([monomial, coefficient]) => [monomial, monomial === '' ? Math.floor(coefficient / divisor) * divisor : coefficient] as const)
      .filter(([, coefficient]) => coefficient !== 0 && coefficient % divisor === 0));
    const rest = plus(a, exact, -1);
    const whole = dividedBy(exact, b) ?? constant(0);
    const left = isConstant(rest);
    if (left !== undefined) return plus(whole, constant(name === 'floorDiv' ? Math.floor(left / divisor) : Math.ceil(left / divisor)));
    return plus(whole, new Map([[name === 'floorDiv' ? nested(rest, divisor) : `ceilDiv(${print(rest)}, ${divisor})`, 1]]));
  }
  const parts = [print(a), print(b)];
  if (name === 'max' || name === 'min') parts.sort();
  return parts[0] === parts[1] && (name === 'max' || name === 'min') ? a : new Map([[`${name}(${parts.join(', ')})`, 1]]);
}

/** floor((floor(a / m) + k) / n) is floor((a + k m) / (m n)) for positive m and n. */
function nested(polynomial: Polynomial, divisor: number): string {
  const [[monomial, coefficient] = ['', 0]] = [...polynomial].filter(([term]) => term !== '');
  const inner = /^floorDiv\((.*), (\d+)\)$/.exec(monomial);
  const alone = polynomial.size - (polynomial.has('') ? 1 : 0) === 1 && coefficient === 1 && factorsOf(monomial).length === 1;
  if (inner === null || !alone) return `floorDiv(${print(polynomial)}, ${divisor})`;
  const scale = Number(inner[2]);
  const joined = plus(parse(inner[1] ?? ''), constant((polynomial.get('') ?? 0) * scale));
  return `floorDiv(${print(joined)}, ${scale * divisor})`;
}

export function print(polynomial: Polynomial): string {
  const terms = [...polynomial].sort(([a], [b]) => (a === '' ? 1 : b === '' ? -1 : a < b ? -1 : 1));
  if (terms.length === 0) return '0';
  return terms.map(([monomial, coefficient], index) => {
    const size = Math.abs(coefficient);
    const body = monomial === '' ? String(size) : size === 1 ? monomial : `${size}*${monomial}`;
    if (index === 0) return coefficient < 0 ? `-${body}` : body;
    return `${coefficient < 0 ? '-' : '+'} ${body}`;
  }).join(' ');
}

export function parse(text: string, resolve?: (name: string) => number | undefined): Polynomial {
  const tokens = text.match(/`[^`]*`|[A-Za-z_][\w.:]*|\d+|[-+*(),]/g) ?? [];
  let at = 0;
  const sum = (): Polynomial => {
    let total = constant(0);
    let sign: 1 | -1 = 1;
    do {
      if (tokens[at] === '+' || tokens[at] === '-') sign = tokens[at++] === '+' ? 1 : -1;
      total = plus(total, product(), sign);
    } while (tokens[at] === '+' || tokens[at] === '-');
    return total;
  };
  const product = (): Polynomial => {
    let total = factor();
    while (tokens[at] === '*') {
      at++;
      total = times(total, factor());
    }
    return total;
  };
  const factor = (): Polynomial => {
    const token = tokens[at++] ?? '0';
    if (/^\d/.test(token)) return constant(Number(token));
    const name = calls.find((candidate) => candidate === token);
    if (name !== undefined && tokens[at] === '(') {
      at++;
      const a = sum();
      at++;
      const b = sum();
      at++;
      return evaluate(name, a, b);
    }
    const size = resolve?.(plainText(token));
    return size === undefined ? new Map([[token, 1]]) : constant(size);
  };
  return sum();
}

function evaluate(name: Call, a: Polynomial, b: Polynomial): Polynomial {
  const x = isConstant(a);
  const y = isConstant(b);
  if (x === undefined || y === undefined) return call(name, a, b);
  switch (name) {
    case 'floorDiv': return constant(Math.floor(x / y));
    case 'ceilDiv': return constant(Math.ceil(x / y));
    case 'max': return constant(Math.max(x, y));
    case 'min': return constant(Math.min(x, y));
  }
}

function addTerm(terms: Map<string, number>, monomial: string, coefficient: number): void {
  const sum = (terms.get(monomial) ?? 0) + coefficient;
  if (sum === 0) terms.delete(monomial);
  else terms.set(monomial, sum);
}

function joinMonomials(a: string, b: string): string {
  if (a === '' || b === '') return a + b;
  return [...factorsOf(a), ...factorsOf(b)].sort().join('*');
}

/** Splits at `*` outside parentheses and backticks. */
function factorsOf(monomial: string): string[] {
  const factors: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let index = 0; index < monomial.length; index++) {
    const letter = monomial[index];
    if (letter === '`') quoted = !quoted;
    if (quoted) continue;
    if (letter === '(') depth++;
    if (letter === ')') depth--;
    if (letter === '*' && depth === 0) {
      factors.push(monomial.slice(start, index));
      start = index + 1;
    }
  }
  factors.push(monomial.slice(start));
  return factors;
}

function withoutFactors(monomial: string, divisor: string): string | undefined {
  if (divisor === '') return monomial;
  const left = monomial === '' ? [] : factorsOf(monomial);
  for (const factor of factorsOf(divisor)) {
    const at = left.indexOf(factor);
    if (at < 0) return undefined;
    left.splice(at, 1);
  }
  return left.join('*');
}
