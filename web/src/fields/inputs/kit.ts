// The Element Plus date picker by deep paths, so that only its parts are bundled, with their style
// sheets. Loaded with the first form that needs it.
import 'element-plus/es/components/base/style/css.mjs';
import 'element-plus/es/components/date-picker/style/css.mjs';
import 'element-plus/theme-chalk/el-input.css';
import dayjs from 'dayjs';
import 'dayjs/locale/zh-cn';
import type { Language } from 'element-plus/es/locale/index.mjs';
import zh from 'element-plus/es/locale/lang/zh-cn.mjs';
import en from 'element-plus/es/locale/lang/en.mjs';
export { ElConfigProvider } from 'element-plus/es/components/config-provider/index.mjs';
export { ElDatePicker } from 'element-plus/es/components/date-picker/index.mjs';

/** Names of months and the first day of the week (Monday in Chinese) in the language of the page. */
export function locale(lang: string): Language {
  dayjs.locale(lang === 'en' ? 'en' : 'zh-cn');
  return lang === 'en' ? en : zh;
}
