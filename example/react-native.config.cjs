const { resolve } = require('node:path');

// The library is this checkout and not a package, so its native sides are linked from here.
module.exports = { dependencies: { 'react-native-llama-rs': { root: resolve(__dirname, '..') } } };
