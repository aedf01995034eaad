// Preloaded into jsii's Node: CDKTF and the AWS bindings load only what is used.
// Each rule rewrites one file before it is compiled; where a file is not laid out as expected, it loads as it is.
"use strict";
const fs = require("node:fs");
const Module = require("node:module");
const path = require("node:path");

// CDKTF's outputs call util.isArray; nobody can change that any more, and Node 22 says so at every synth.
process.noDeprecation = true;

// `exports.x = require("./x");`, 2,212 times: the submodules become getters.
function lazySubmodules(source) {
  const eager = /^exports\.(\w+) = require\("(\.\/[\w./-]+)"\);$/gm;
  const submodules = [...source.matchAll(eager)].map(([, name, file]) => [name, file]);
  return (
    submodules.length > 0 &&
    source.replace(eager, "") +
      `\nfor (const [name, file] of ${JSON.stringify(submodules)})
         Object.defineProperty(exports, name, { enumerable: true, configurable: true, get: () => require(file) });`
  );
}

// Only zipped assets need the archiver, which takes as long to load as the rest of CDKTF.
function lazyArchiver(source) {
  const eager = 'const archiver = require("archiver");';
  return source.includes(eager) && source.replace(eager, 'const archiver = (...options) => require("archiver")(...options);');
}

const RULES = [
  [/[\\/]@cdktf[\\/]provider-aws[\\/]lib[\\/]index\.js$/, lazySubmodules],
  [/[\\/]cdktf[\\/]lib[\\/]private[\\/]fs\.js$/, lazyArchiver],
];

// jsii links its packages into a temporary folder, new in each run. Under their real names, which stay, V8's compile
// cache finds them again; jsii's own files, unpacked anew in each run, would only fill it.
const compile = Module.prototype._compile;
let caching = false;
Module.prototype._compile = function (source, linked, ...rest) {
  if (!/[\\/]node_modules[\\/]/.test(linked)) {
    return compile.call(this, source, linked, ...rest);
  }
  const filename = fs.realpathSync.native(linked);
  const cache = /^(.*[\\/]package-cache)[\\/]/.exec(filename);
  if (cache && !caching) {
    caching = true;
    Module.enableCompileCache(path.join(path.dirname(cache[1]), "compile-cache"));
  }
  const rule = RULES.find(([file]) => file.test(linked));
  const lazy = rule === undefined ? source : rule[1](source);
  if (!lazy) {
    process.stderr.write(`lazy_bindings: ${linked} is not laid out as expected: synth is slower than it could be\n`);
  }
  return compile.call(this, lazy || source, filename, ...rest);
};
