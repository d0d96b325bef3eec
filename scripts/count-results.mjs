// Adds up the results of the test runners from a folder of their outputs, and prints them in one line.
// cargo: "test result: ok. 3 passed; 0 failed; …"
// Node: "ℹ pass 3" and "ℹ fail 0"
// Maven: "Tests run: 3, Failures: 0, Errors: 0, …"
// XCTest: "Test Case 'A.test_b' passed (0.2 seconds)"
// jest: its JSON report
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2];

const readers = [
  [/\.json$/, countJest],
  [/^(addon|e2e)\.log$/, countNode],
  [/^jvm\.log$/, countMaven],
  [/^swift\.log$/, countXCTest],
  [/\.log$/, countCargo],
];

const total = { passed: 0, failed: 0 };
for (const file of readdirSync(folder)) {
  const [, count] = readers.find(([pattern]) => pattern.test(file)) ?? [];
  if (count === undefined) throw new Error(`${file}: no reader for this report`);
  const { passed, failed } = count(readFileSync(join(folder, file), 'utf8'));
  console.log(`${file}: ${passed} tests passed, ${failed} failed`);
  total.passed += passed;
  total.failed += failed;
}
console.log(`${total.passed} passed, ${total.failed} failed`);

function countCargo(text) {
  return { passed: sum(text, /^test result: .* (\d+) passed;/gm), failed: sum(text, /^test result: .* (\d+) failed;/gm) };
}

function countNode(text) {
  return { passed: sum(text, /^ℹ pass (\d+)$/gm), failed: sum(text, /^ℹ fail (\d+)$/gm) };
}

function countMaven(text) {
  // Only Maven's last line counts; the line of a class ends in its duration.
  const [, run, failures, errors] = /Tests run: (\d+), Failures: (\d+), Errors: (\d+), Skipped: \d+$/m.exec(text) ?? [];
  // If the tests do not compile, none runs and none fails.
  if (run === undefined) return { passed: 0, failed: 1 };
  const failed = Number(failures) + Number(errors);
  return { passed: Number(run) - failed, failed };
}

function countXCTest(text) {
  const ends = [...text.matchAll(/^Test Case '.*' (passed|failed) \(/gm)].map(([, end]) => end);
  const passed = ends.filter((end) => end === 'passed').length;
  // If the tests do not compile, or one ends the process, the last suite has no end.
  const isWhole = /^Test Suite 'All tests' (passed|failed) /m.test(text.slice(text.lastIndexOf("Building for")));
  return { passed, failed: ends.length - passed + (isWhole ? 0 : 1) };
}

function countJest(text) {
  const report = JSON.parse(text);
  // A test file that fails to load reports no failed test.
  return { passed: report.numPassedTests, failed: report.numFailedTests + report.numRuntimeErrorTestSuites };
}

function sum(text, pattern) {
  return [...text.matchAll(pattern)].reduce((total, [, number]) => total + Number(number), 0);
}
