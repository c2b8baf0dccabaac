// What every unit test needs: the Chinese catalogue.
import { beforeAll } from 'vitest';
import { setLang } from '../src/core/i18n';
beforeAll(async () => { await setLang('zh'); });
