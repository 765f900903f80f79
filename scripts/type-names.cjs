// How SDL types are named in TypeScript: as they are, but for `Record`, which TypeScript has for itself.
const { pascalCase } = require('change-case-all');

module.exports = (name) => (name === 'Record' ? 'RecordInterface' : pascalCase(name));
