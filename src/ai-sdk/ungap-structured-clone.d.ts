declare module '@ungap/structured-clone' {
  /** Makes a deep copy of JSON values, dates, maps, sets, errors and buffers. */
  const structuredCloneOf: (value: unknown) => unknown;
  // eslint-disable-next-line no-restricted-syntax
  export default structuredCloneOf;
}
