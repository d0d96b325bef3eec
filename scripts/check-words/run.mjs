// Fails on a name that was replaced, and on a sentence without a subject in its place.
// usage: node scripts/check-words/run.mjs [ROOT]
import { oldWords } from './check.mjs';
import { testYourself } from './selfTest.mjs';

testYourself();
const found = oldWords(process.argv[2] ?? '.');
for (const line of found) console.error(line);
if (found.length > 0) process.exitCode = 1;
else console.log('no old name, and every sentence begins with its subject');
