import { Cell } from './store';

/** Text that is written or heard and not yet sent, per conversation. Drafts outlive the screens. */
export class Drafts {
  private readonly cells = new Map<string, Cell<string>>();

  /** The draft of a conversation. @default empty */
  of(scope: string): Cell<string> {
    let cell = this.cells.get(scope);
    if (cell === undefined) {
      cell = new Cell('');
      this.cells.set(scope, cell);
    }
    return cell;
  }

  /** The draft as it would be with `more` at its end. */
  with(scope: string, more: string): string {
    return [this.of(scope).getSnapshot(), more].filter((part) => part.trim() !== '').join(' ');
  }

  /** Appends text that must not be lost. */
  keep(scope: string, text: string): void {
    this.of(scope).set(this.with(scope, text));
  }

  /** Empties the draft and returns it with `more` at its end. */
  take(scope: string, more = ''): string {
    this.keep(scope, more);
    const cell = this.of(scope);
    const text = cell.getSnapshot().trim();
    cell.set('');
    return text;
  }
}
