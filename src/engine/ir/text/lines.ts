// Collects lines of text and knows which one is being written.

/** Spaces an indent is wide, as in onnx's own printer. */
const INDENT = '   ';

export class Lines {
  private readonly parts: string[] = [];
  private depth = 0;
  private atStart = true;
  /** The line being written, from 0. */
  line = 0;

  write(text: string): void {
    if (text === '') return;
    if (this.atStart) this.parts.push(INDENT.repeat(this.depth));
    this.atStart = false;
    this.parts.push(text);
    // Quoted texts hold their line breaks as they are.
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.line += 1;
  }

  end(text = ''): void {
    this.write(text);
    this.parts.push('\n');
    this.line += 1;
    this.atStart = true;
  }

  indented(write: () => void): void {
    this.depth += 1;
    write();
    this.depth -= 1;
  }

  text(): string {
    return this.parts.join('');
  }
}
