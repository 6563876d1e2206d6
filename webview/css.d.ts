// A style sheet imported by an entry becomes the bundle's .css file.
declare module '*.css';
