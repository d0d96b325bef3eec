declare module '@ungap/structured-clone' {
  /** A deep copy, of all that JSON knows and of dates, maps, sets, errors and buffers. */
  const structuredCloneOf: (value: unknown) => unknown;
  // eslint-disable-next-line no-restricted-syntax
  export default structuredCloneOf;
}
