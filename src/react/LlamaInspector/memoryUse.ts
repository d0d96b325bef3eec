import type { MemoryFit, Resident } from '../../protocol/generated';

/** What memory is used for; `free` is what the system still has. */
export interface MemoryUse {
  readonly weights: number;
  readonly kv: number;
  readonly compute: number;
  readonly residents: number;
  /** Absent where the system does not say. */
  readonly free: number | undefined;
}

/** Sums up what loaded models were estimated at and what is registered beside them. In bytes. */
export function memoryUse(fits: readonly MemoryFit[], residents: readonly Resident[]): MemoryUse {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return {
    weights: sum(fits.map(({ estimate }) => estimate.weightsBytes)),
    kv: sum(fits.map(({ estimate }) => estimate.kvBytes)),
    compute: sum(fits.map(({ estimate }) => estimate.computeBytes)),
    residents: sum(residents.map(({ sizeBytes }) => sizeBytes)),
    free: fits[fits.length - 1]?.availableBytes,
  };
}
