// The words of the page's language, which the program puts before the scripts.
declare const WORDS: Record<string, string>;
