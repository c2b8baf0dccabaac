/// <reference types="vite/client" />
declare module 'virtual:messages/zh' {
  const messages: Record<string, string>;
  export default messages;
}
declare module 'virtual:messages/en' {
  const messages: Record<string, string>;
  export default messages;
}
declare module 'element-plus/es/components/*/index.mjs';
declare module 'element-plus/es/locale/lang/*.mjs' {
  const locale: unknown;
  export default locale;
}
