// Puts the headers that RNLlamaRs.mm includes into a folder: React Native's headers where CocoaPods puts them, the
// generated spec, and the header of LlamaImpl.swift, which Swift's compiler makes on Apple's systems only.
//
//   node scripts/objc-check/headers.mjs FOLDER
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const [, , folder] = process.argv;
const reactNative = 'node_modules/react-native';

/** Pods that have all their headers in one folder, and the folders of their sources. */
const FLAT = {
  React: ['React', 'Libraries'],
  RCTTypeSafety: ['Libraries/TypeSafety'],
  RCTRequired: ['Libraries/Required'],
  RCTDeprecation: ['ReactApple/Libraries/RCTFoundation/RCTDeprecation'],
  FBLazyVector: ['Libraries/FBLazyVector'],
};
/** Folders whose headers are included by their paths. */
const DEEP = ['react/nativemodule/core', 'react/nativemodule/core/platform/ios', 'jsi', 'callinvoker', '.'];

for (const [pod, sources] of Object.entries(FLAT)) {
  for (const source of sources) {
    for (const header of headers(join(reactNative, source))) copy(header, join(folder, pod, basename(header)));
  }
}
for (const part of DEEP) {
  const source = join(reactNative, 'ReactCommon', part);
  for (const header of headers(source)) copy(header, join(folder, header.slice(source.length + 1)));
}
execFileSync(process.execPath, ['scripts/codegen.mjs', 'ios', folder], { stdio: 'inherit' });
mkdirSync(join(folder, 'LlamaRs'), { recursive: true });
writeFileSync(join(folder, 'LlamaRs/LlamaRs-Swift.h'), interfaceOf(readFileSync('ios/LlamaImpl.swift', 'utf8')));

function headers(source) {
  return readdirSync(source, { recursive: true })
    .filter((name) => name.endsWith('.h') && !name.includes('/tests/'))
    .map((name) => join(source, name));
}

function copy(from, to) {
  mkdirSync(join(to, '..'), { recursive: true });
  cpSync(from, to, { dereference: true });
}

/** Returns Objective-C's interface of a Swift class: its public functions. Their types must be known below. */
function interfaceOf(source) {
  const [, name] = /^public final class (\w+): NSObject/m.exec(source);
  const functions = [...source.matchAll(/^ {2}public (?:convenience )?(?:func (\w+)|(init))\((.*)\)(?: -> (\w+))? \{$/gm)];
  const declared = functions.map(([, method, initializer, parameters, result]) => {
    const type = initializer ? 'nonnull instancetype' : objectiveC(result ?? 'Void');
    return `- (${type})${selector(method ?? initializer, parameters)};`;
  });
  return ['#import <Foundation/Foundation.h>', `@interface ${name} : NSObject`, ...declared, '@end', ''].join('\n');
}

/**
 * Returns a selector with at most one parameter: `send(_ command: String)` is `send:`, `init(emit: …)` is
 * `initWithEmit:`.
 */
function selector(method, parameters) {
  if (parameters === '') return method;
  const [, label, parameter, type] = /^(\w+)(?: (\w+))?: (.*)$/.exec(parameters);
  const named = label === '_' ? method : `${method}With${label[0].toUpperCase()}${label.slice(1)}`;
  return `${named}:(${objectiveC(type)})${parameter ?? label}`;
}

function objectiveC(type) {
  const types = {
    Void: 'void',
    String: 'NSString *_Nonnull',
    '@escaping @Sendable (String) -> Void': 'void (^_Nonnull)(NSString *_Nonnull)',
  };
  if (types[type] === undefined) throw new Error(`LlamaImpl.swift: no Objective-C type is known here for ${type}`);
  return types[type];
}
