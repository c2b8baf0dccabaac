// The sentences of the page out of messages/parts/*.json: every key that begins with "ui.". Nobody lists the topics:
// a new file there is found by the build (vite.config.ts loads this) and by the type checker, which loads it as a
// plugin of vue-tsc (tsconfig.json). Both write src/core/sentences.d.ts, the names t() takes; git does not keep that file.
const { readdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const parts = join(__dirname, '../messages/parts');
const keysFile = join(__dirname, 'src/core/sentences.d.ts');

/** All sentences of one language by their name without "ui.". */
function uiMessages(lang) {
  const out = {};
  for (const name of readdirSync(parts).sort()) {
    if (!name.endsWith(`.${lang}.json`)) continue;
    for (const [key, text] of Object.entries(JSON.parse(readFileSync(join(parts, name), 'utf8')))) {
      if (key.startsWith('ui.')) out[key.slice(3)] = text;
    }
  }
  return out;
}

/** Writes the names of all sentences as a type, when they are not those of the file already. */
function writeKeys() {
  const keys = Object.keys(uiMessages('zh')).sort();
  const text = `// Written by messages.cjs from messages/parts; not kept in git.\nexport type Key =\n${keys.map((key) => `  | '${key}'`).join('\n')};\n`;
  let old = '';
  try {
    old = readFileSync(keysFile, 'utf8');
  } catch {
    // the first time there is none
  }
  if (old === text) return;
  writeFileSync(`${keysFile}.${process.pid}`, text);
  renameSync(`${keysFile}.${process.pid}`, keysFile);
}

writeKeys();

module.exports = () => ({ version: 2.2, name: 'zhike-messages' });
module.exports.uiMessages = uiMessages;
