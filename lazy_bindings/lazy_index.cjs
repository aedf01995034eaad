// Preloaded into jsii's Node: CDKTF and the AWS bindings load only what is used.
// Each rule rewrites one file while it is compiled; where a file no longer matches, it loads as it is.
"use strict";
const Module = require("node:module");

// CDKTF's outputs call util.isArray; nobody can change that any more, and Node 22 says so at every synth.
process.noDeprecation = true;

const RULES = [
  {
    // `exports.x = require("./x");`, 2,212 times: each becomes a getter.
    file: /[\\/]@cdktf[\\/]provider-aws[\\/]lib[\\/]index\.js$/,
    eager: /^exports\.(\w+) = require\(("\.\/[\w./-]+")\);$/gm,
    lazy: 'Object.defineProperty(exports, "$1", { enumerable: true, configurable: true, get: () => require($2) });',
  },
  {
    // Only zipped assets need the archiver, which takes as long to load as the rest of CDKTF.
    file: /[\\/]cdktf[\\/]lib[\\/]private[\\/]fs\.js$/,
    eager: /^const archiver = require\("archiver"\);$/gm,
    lazy: 'const archiver = (...options) => require("archiver")(...options);',
  },
];

const compile = Module.prototype._compile;
Module.prototype._compile = function (source, filename, ...rest) {
  const rule = RULES.find(({ file }) => file.test(filename));
  if (rule === undefined) {
    return compile.call(this, source, filename, ...rest);
  }
  const lazy = source.replace(rule.eager, rule.lazy);
  if (lazy === source) {
    process.stderr.write(`lazy_bindings: ${filename} is not laid out as expected: synth is slower than it could be\n`);
  }
  return compile.call(this, lazy, filename, ...rest);
};
