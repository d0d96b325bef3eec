// Fails on a circle of files, on an owner that knows the supervisor, and on a file that is too long.
// usage: node scripts/check-circles/run.mjs [ROOT]
import { broken } from './rules.mjs';
import { testYourself } from './selfTest.mjs';

testYourself();
const problems = broken(process.argv[2] ?? '.');
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
else console.log('no circle of files, no file that is too long');
