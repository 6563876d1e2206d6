// Collects lines of text and knows which one is being written.

/** Spaces an indent is wide, as in onnx's own printer. */
const INDENT = '   ';

export class Lines {
  private readonly parts: string[] = [];
  private depth = 0;
  private atStart = true;
  /** The line being written, from 0, and how far it is. */
  line = 0;
  column = 0;

  write(text: string): void {
    if (text === '') return;
    const written = this.atStart ? INDENT.repeat(this.depth) + text : text;
    this.atStart = false;
    this.parts.push(written);
    this.column += written.length;
    // Quoted texts hold their line breaks as they are.
    for (let at = written.indexOf('\n'); at >= 0; at = written.indexOf('\n', at + 1)) {
      this.line += 1;
      this.column = written.length - at - 1;
    }
  }

  end(text = ''): void {
    this.write(text);
    this.parts.push('\n');
    this.line += 1;
    this.column = 0;
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
