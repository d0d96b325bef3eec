/** Returns a tool's result as text for the model. */
export function resultText(result: unknown): string {
  return typeof result === 'string' ? result : (json(result) ?? 'null');
}

/** Returns the error of a tool as text for the model. */
export function errorText(error: unknown): string {
  return JSON.stringify({ error: error instanceof Error ? error.message : String(error) });
}

/**
 * `JSON.stringify` with its true type: it returns `undefined` for a function, or anything else that JSON cannot
 * express.
 */
const json: (value: unknown) => string | undefined = (value) => JSON.stringify(value);
