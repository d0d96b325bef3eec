/** A minimal `DOMException`: an error whose name says which error it is. Without the codes of old browsers. */
export class DomException extends Error {
  override readonly name: string;

  constructor(message = '', name = 'Error') {
    super(message);
    this.name = name;
  }
}
