// Build of the page. The catalogue of sentences is shared with the server: every ui.* key of
// messages/parts/*.json becomes one lazily loaded chunk a language (messages.cjs).
import { defineConfig, type Plugin } from 'vite';
import vue from '@vitejs/plugin-vue';
import { uiMessages } from './messages.cjs';

function messages(): Plugin {
  const prefix = 'virtual:messages/';
  return {
    name: 'zhike-messages',
    resolveId: (id) => (id.startsWith(prefix) ? `\0${id}` : null),
    load(id) {
      if (!id.startsWith(`\0${prefix}`)) return null;
      return `export default ${JSON.stringify(uiMessages(id.slice(prefix.length + 1)))}`;
    },
  };
}

/** Sizes of text follow the step a person chose (data-size, theme/tokens.css); everything else stays as wide as it is. */
export const scaled = (css: string) => css.replace(/font-size:\s*([\d.]+)px/g, 'font-size: calc($1px * var(--zoom, 1))');
function textSizes(): Plugin {
  return { name: 'zhike-text-sizes', enforce: 'pre', transform: (code, id) => (/\/src\/.*\.css$/.test(id.split('?')[0]!) ? { code: scaled(code), map: null } : null) };
}

export default defineConfig({
  plugins: [vue(), messages(), textSizes()],
  build: {
    manifest: true,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1000,
    rolldownOptions: {
      output: {
        // Few requests for the first page: the framework, and all that shell and list need.
        codeSplitting: {
          groups: [
            { name: 'vue', test: /node_modules[\\/](@vue|vue|vue-router)[\\/]|plugin-vue/ },
            { name: 'app', test: /web[\\/]src[\\/](main|App|router|core[\\/]|ui[\\/]|views[\\/]list[\\/](ListPage|DataGrid|CardList|FilterBar|CellEditor|ColumnPicker|ViewTabs|BulkBar|useViews|useHeads)|views[\\/]detail[\\/]ActionDialog|views[\\/]form[\\/](guard|useForm)|shell[\\/](Shell\.|Looks|SearchBox|menu|SignInForm)|fields[\\/](registry|Cell|inputs[\\/](props|Text|Area|Money|Option|Link|Bool)))/ },
          ],
        },
      },
    },
  },
  server: {
    proxy: { '/api': process.env.ZHIKE_API ?? 'http://127.0.0.1:8090', '/assets/regions-mock.json': process.env.ZHIKE_API ?? 'http://127.0.0.1:8090' },
  },
  test: {
    environment: 'happy-dom',
    // No test here is about how fast the machine is.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // The kit imports its style sheets; only Vite's own loader knows what to do with them.
    server: { deps: { inline: [/element-plus/] } },
    setupFiles: ['test/setup.ts'],
  },
} as Parameters<typeof defineConfig>[0]);
