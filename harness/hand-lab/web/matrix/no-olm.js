// Stands for the import of libolm in the bundle: Hydrogen loads it from /olm by itself (see web-pages.ts).
export default undefined;
