const { resolve } = require('node:path');

// The library is this checkout, not a package: its native sides are linked from here.
module.exports = { dependencies: { 'react-native-llama-rs': { root: resolve(__dirname, '..') } } };
