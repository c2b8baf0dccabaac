// What other parts of the page put on top of the home page (announcements): a component each, in order.
import { shallowReactive, type Component } from 'vue';
export const homeTop = shallowReactive<Component[]>([]);
