// Start: theme and language first (so that the first paint is right), then who is signed in.
import { createApp } from 'vue';
import './theme/tokens.css';
import './theme/app.css';
import App from './App.vue';
import { setLang } from './core/i18n';
import { fail } from './ui/notify';
import { applyTheme, prefs } from './core/store';
import { makeRouter } from './router';

applyTheme();
const wanted = prefs.lang || (navigator.language.toLowerCase().startsWith('zh') || !navigator.language ? 'zh' : 'en');
await setLang(wanted);
const app = createApp(App);
app.config.errorHandler = (error) => {
  console.error(error);
  fail(error);
};
app.use(makeRouter()).mount('#app');
