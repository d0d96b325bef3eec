import type { DownloadProgress } from 'react-native-llama-rs';

// Numbers as people read them.

/** Bytes in the largest unit that gives at least 1. */
export function bytesText(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
  return `${Math.ceil(bytes / 1e3)} kB`;
}

/** A remaining time, from seconds. */
function timeText(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Bytes received, total, speed and remaining time of a download; or the reason why it waits. */
export function progressText({ phase, bytes, totalBytes, bytesPerSecond, secondsLeft }: DownloadProgress): string {
  const amount = totalBytes === undefined ? bytesText(bytes) : `${bytesText(bytes)} of ${bytesText(totalBytes)}`;
  switch (phase.type) {
    case 'preparing':
      return 'Checking the downloaded part';
    case 'connecting':
      return 'Asking the server';
    case 'running': {
      const rate = bytesPerSecond === undefined ? '' : `, ${bytesText(bytesPerSecond)}/s`;
      const left = secondsLeft === undefined ? '' : `, ${timeText(secondsLeft)} left`;
      return `${amount}${rate}${left}`;
    }
    case 'waiting':
      return `${amount}; the network failed, next attempt in ${timeText(phase.waitMs / 1000)}`;
    case 'paused':
      return `${amount}, paused`;
    case 'verifying':
      return `${amount}, being verified`;
  }
}

/** Progress of a download, 0 to 1. */
export function shareOf({ bytes, totalBytes }: DownloadProgress): number {
  return totalBytes === undefined || totalBytes === 0 ? 0 : bytes / totalBytes;
}
