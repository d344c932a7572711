package dev.flipside.text.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Something that writes text, sets names or decides what runs. */
sealed interface Statement {

    /** How the statements that follow go on. */
    enum Flow {
        NEXT,
        BREAK,
        CONTINUE
    }

    /** The line of its tag. */
    int line();

    Flow run(Frame frame, Output out);

    /**
     * Runs statements in order, until one breaks or continues a loop; an error gets the line of the innermost
     * statement.
     */
    static Flow runAll(List<Statement> body, Frame frame, Output out) {
        for (Statement statement : body) {
            try {
                frame.budget().step();
                Flow flow = statement.run(frame, out);
                if (flow != Flow.NEXT) {
                    return flow;
                }
            } catch (TemplateException e) {
                throw e.at(statement.line());
            }
        }
        return Flow.NEXT;
    }

    /** What a body writes. */
    static String textOf(List<Statement> body, Frame frame) {
        Output out = new Output();
        runAll(body, frame, out);
        frame.budget().built(out.text());
        return out.text();
    }

    /** Text of the template. */
    record Data(int line, String text) implements Statement {
        @Override
        public Flow run(Frame frame, Output out) {
            out.write(text);
            return Flow.NEXT;
        }
    }

    /** {@code {{ value }}}. */
    record Print(int line, Expression value) implements Statement {
        @Override
        public Flow run(Frame frame, Output out) {
            out.write(Show.str(frame.budget(), value.value(frame)));
            return Flow.NEXT;
        }
    }

    /** {@code if}, {@code elif}, {@code else}: as many tests as branches. */
    record If(int line, List<Expression> tests, List<List<Statement>> branches, List<Statement> otherwise)
            implements Statement {
        @Override
        public Flow run(Frame frame, Output out) {
            for (int i = 0; i < tests.size(); i++) {
                if (Values.truth(tests.get(i).value(frame))) {
                    return runAll(branches.get(i), frame, out);
                }
            }
            return runAll(otherwise, frame, out);
        }
    }

    /** {@code for target in items if test}. */
    record For(
            int line,
            Target target,
            Expression items,
            Optional<Expression> test,
            List<Statement> body,
            List<Statement> otherwise)
            implements Statement {
        @Override
        public Flow run(Frame frame, Output out) {
            Object listed = items.value(frame);
            frame.budget().look(listed);
            List<Object> all = Values.iterate(listed);
            List<Object> chosen = test.isEmpty() ? all : chosen(all, frame, test.orElseThrow());
            Loop loop = new Loop(chosen);
            // Jinja2 runs the else part unless one iteration reached the end of the body: a break or continue does not.
            boolean reachedEnd = false;
            Flow flow = Flow.NEXT;
            while (flow != Flow.BREAK && loop.advance()) {
                frame.budget().step();
                Frame inner = frame.inner();
                inner.set("loop", loop);
                target.assign(inner, loop.current());
                flow = runAll(body, inner, out);
                reachedEnd |= flow == Flow.NEXT;
            }
            return reachedEnd ? Flow.NEXT : runAll(otherwise, frame.inner(), out);
        }

        private List<Object> chosen(List<Object> all, Frame frame, Expression condition) {
            List<Object> chosen = new ArrayList<>();
            for (Object item : all) {
                frame.budget().step();
                Frame inner = frame.inner();
                target.assign(inner, item);
                if (Values.truth(condition.value(inner))) {
                    chosen.add(item);
                }
            }
            return chosen;
        }
    }

    /** {@code break} or {@code continue}. */
    record Jump(int line, Flow flow) implements Statement {
        @Override
        public Flow run(Frame frame, Output out) {
            return flow;
        }
    }

    /** {@code set target = value}. */
    record Set(int line, Target target, Expression value) implements Statement {
        @Override
        public Flow run(Frame frame, Output out) {
            target.assign(frame, value.value(frame));
            return Flow.NEXT;
        }
    }

    /** {@code set target}, a body, {@code endset}; the filters of the tag wrap {@link #BODY}. */
    record SetBlock(int line, Target target, Expression filtered, List<Statement> body) implements Statement {
        @Override
        public Flow run(Frame frame, Output out) {
            Frame inner = frame.inner();
            inner.set(BODY, textOf(body, inner));
            target.assign(frame, filtered.value(inner));
            return Flow.NEXT;
        }
    }

    /** {@code filter chain}, a body, {@code endfilter}; the chain wraps {@link #BODY}. */
    record FilterBlock(int line, Expression filtered, List<Statement> body) implements Statement {
        @Override
        public Flow run(Frame frame, Output out) {
            Frame inner = frame.inner();
            inner.set(BODY, textOf(body, inner));
            out.write(Show.str(frame.budget(), filtered.value(inner)));
            return Flow.NEXT;
        }
    }

    /** {@code with a = 1}: a body with names of its own. {@code generation} is one without. */
    record With(int line, List<Target> targets, List<Expression> values, List<Statement> body) implements Statement {
        @Override
        public Flow run(Frame frame, Output out) {
            Frame inner = frame.inner();
            for (int i = 0; i < targets.size(); i++) {
                targets.get(i).assign(inner, values.get(i).value(frame));
            }
            return runAll(body, inner, out);
        }
    }

    /** {@code macro name(parameters)}. */
    record Define(int line, Macro.Definition macro) implements Statement {
        @Override
        public Flow run(Frame frame, Output out) {
            frame.set(macro.name(), new Macro(macro, frame));
            return Flow.NEXT;
        }
    }

    /** {@code call(parameters) macro(arguments)}: the body is the macro's {@code caller}. */
    record CallBlock(int line, Expression.Call call, Macro.Definition caller) implements Statement {
        @Override
        public Flow run(Frame frame, Output out) {
            Arguments arguments = call.arguments().values(frame).with(Macro.CALLER, new Macro(caller, frame));
            out.write(Show.str(frame.budget(), call.call(frame, arguments)));
            return Flow.NEXT;
        }
    }

    /**
     * The name under which a block's text is handed to its filters; it holds a space, so that no template can use it.
     */
    String BODY = "block body";
}
