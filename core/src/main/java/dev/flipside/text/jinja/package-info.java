/**
 * Jinja as chat templates are written in it: the language of Jinja2 3.1 with the settings of transformers' renderer
 * ({@code trim_blocks}, {@code lstrip_blocks}, no autoescape, an immutable sandbox, {@code break} and {@code continue},
 * {@code generation} blocks), on Python's values.
 *
 * <p>Two rules hold everywhere: what is rendered is what transformers renders, to the character; what is not supported
 * is a {@link dev.flipside.text.jinja.TemplateException} that names the construct and its line, never missing or
 * different text.
 *
 * <p>{@link dev.flipside.text.jinja.Template} is the way in. {@code Lexer} cuts the source into tokens and does the
 * white space between tags; {@code Parser} and {@code ExpressionParser} read these from a {@code TokenStream} and build
 * {@code Statement}s and {@code Expression}s, records that run themselves in a {@code Frame} of names; {@code Macro}
 * and {@code Loop} are what blocks define. {@code Values}, {@code Arithmetic}, {@code Members} and {@code Show} are
 * Python's rules for truth, equality, operators, subscripts and printing; {@code Text} and {@code StringMethods} its
 * strings, in code points; {@code Budget} bounds what a rendering costs; {@code Filters}, {@code ItemFilters},
 * {@code Tests} and {@code Json} what stands behind {@code |} and {@code is}.
 *
 * <p>Values: {@code String}, {@code Long}, {@code Double}, {@code Boolean}, {@code None}, {@code List}, {@code Tuple},
 * {@code Map} (with keys in order), {@code Sequence} (range and the views of a dict), {@code Generator} (what may be
 * read once), {@code Namespace}, {@code Callable}, {@code Undefined}.
 */
package dev.flipside.text.jinja;
