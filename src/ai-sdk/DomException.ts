/** `DOMException` as far as it is used here: an error with a name that says which. Without the codes of old browsers. */
export class DomException extends Error {
  override readonly name: string;

  constructor(message = '', name = 'Error') {
    super(message);
    this.name = name;
  }
}
