import type { MemoryFit, Resident } from '../../protocol/generated';

/** The uses of the memory, in bytes; `free` is the memory that the system still has. */
export interface MemoryUse {
  readonly weights: number;
  readonly kv: number;
  readonly compute: number;
  readonly residents: number;
  /** Absent if the system does not say. */
  readonly free: number | undefined;
}

/** Sums up the estimates of loaded models and the residents beside them. */
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
