package dev.flipside.text.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Something with a value. */
sealed interface Expression {

    /** @throws TemplateException when it has none */
    Object value(Frame frame);

    /** A literal. */
    record Constant(Object constant) implements Expression {
        static final Constant MISSING_ELSE =
                new Constant(new Undefined("an inline if without else has no value when its test is false"));

        @Override
        public Object value(Frame frame) {
            frame.budget().step();
            return constant;
        }
    }

    /** A variable. */
    record Name(String name) implements Expression {
        @Override
        public Object value(Frame frame) {
            frame.budget().step();
            return frame.get(name);
        }
    }

    /** {@code [a, b]}. */
    record ListOf(List<Expression> items) implements Expression {
        @Override
        public Object value(Frame frame) {
            return frame.budget().built(values(items, frame));
        }
    }

    /** {@code (a, b)}. */
    record TupleOf(List<Expression> items) implements Expression {
        @Override
        public Object value(Frame frame) {
            return frame.budget().built(new Tuple(values(items, frame)));
        }
    }

    /** {@code {key: value}}. */
    record DictOf(List<Expression> keys, List<Expression> values) implements Expression {
        @Override
        public Object value(Frame frame) {
            Map<Object, Object> dict = new LinkedHashMap<>();
            for (int i = 0; i < keys.size(); i++) {
                dict.put(Values.newKey(keys.get(i).value(frame)), values.get(i).value(frame));
            }
            return frame.budget().built(dict);
        }
    }

    /** {@code target.name}. */
    record Attribute(Expression target, String name) implements Expression {
        @Override
        public Object value(Frame frame) {
            return of(target.value(frame));
        }

        Object of(Object owner) {
            return Members.attribute(owner, name);
        }
    }

    /** {@code target[key]}. */
    record Item(Expression target, Expression key) implements Expression {
        @Override
        public Object value(Frame frame) {
            Object owner = target.value(frame);
            Object at = key.value(frame);
            frame.budget().look(owner);
            if (at instanceof Tuple) {
                frame.budget().walk(at);
            }
            return Members.item(owner, at);
        }
    }

    /** {@code target[start:stop:step]}, with {@code None} for what is left out. */
    record Slice(Expression target, Expression start, Expression stop, Expression step) implements Expression {
        @Override
        public Object value(Frame frame) {
            Object owner = target.value(frame);
            frame.budget().look(owner);
            return frame.budget().built(Members.slice(owner, start.value(frame), stop.value(frame), step.value(frame)));
        }
    }

    /** Arguments before they are evaluated. */
    record ArgumentList(List<Expression> positional, Map<String, Expression> named) {
        static final ArgumentList NONE = new ArgumentList(List.of(), Map.of());

        Arguments values(Frame frame) {
            Map<String, Object> byName = new LinkedHashMap<>();
            named.forEach((name, argument) -> byName.put(name, argument.value(frame)));
            return new Arguments(Expression.values(positional, frame), byName);
        }
    }

    /** {@code target(arguments)}. */
    record Call(Expression target, ArgumentList arguments) implements Expression {
        @Override
        public Object value(Frame frame) {
            return call(frame, arguments.values(frame));
        }

        Object call(Frame frame, Arguments values) {
            Object owner = target instanceof Attribute attribute ? attribute.target.value(frame) : None.NONE;
            Object callee = target instanceof Attribute attribute ? attribute.of(owner) : target.value(frame);
            if (callee instanceof Undefined undefined) {
                throw undefined.used();
            }
            if (callee instanceof Macro macro) {
                return macro.call(values);
            } else if (callee instanceof Callable callable) {
                count(frame.budget(), owner, values.all());
                return frame.budget().built(callable.call(values));
            }
            throw TemplateException.of("'" + Values.typeName(callee) + "' object is not callable");
        }
    }

    /** Counts what a function, or a method of a value, looks at. */
    private static void count(Budget budget, Object owner, List<Object> arguments) {
        budget.look(owner);
        for (Object argument : arguments) {
            budget.walk(argument);
            if (owner instanceof String text && argument instanceof String part) {
                budget.search(text, part);
            }
        }
    }

    /** {@code target | name(arguments)}. */
    record Filter(Expression target, String name, ArgumentList arguments) implements Expression {
        @Override
        public Object value(Frame frame) {
            return Filters.apply(frame.budget(), name, target.value(frame), arguments.values(frame));
        }
    }

    /** {@code target is name(arguments)}. */
    record Test(Expression target, String name, ArgumentList arguments) implements Expression {
        @Override
        public Object value(Frame frame) {
            return Tests.holds(frame.budget(), name, target.value(frame), arguments.values(frame));
        }
    }

    /** {@code not operand}. */
    record Not(Expression operand) implements Expression {
        @Override
        public Object value(Frame frame) {
            return !Values.truth(operand.value(frame));
        }
    }

    /** {@code left and right}: one of the two values. */
    record And(Expression left, Expression right) implements Expression {
        @Override
        public Object value(Frame frame) {
            Object first = left.value(frame);
            return Values.truth(first) ? right.value(frame) : first;
        }
    }

    /** {@code left or right}: one of the two values. */
    record Or(Expression left, Expression right) implements Expression {
        @Override
        public Object value(Frame frame) {
            Object first = left.value(frame);
            return Values.truth(first) ? first : right.value(frame);
        }
    }

    /** {@code then if test else otherwise}. */
    record Conditional(Expression test, Expression then, Expression otherwise) implements Expression {
        @Override
        public Object value(Frame frame) {
            return Values.truth(test.value(frame)) ? then.value(frame) : otherwise.value(frame);
        }
    }

    /** {@code a < b <= c}: each neighbouring pair must compare. */
    record Comparison(Expression first, List<Operand> operands) implements Expression {
        /** An operator and what is to its right. */
        record Operand(String operator, Expression right) {}

        @Override
        public Object value(Frame frame) {
            Object left = first.value(frame);
            for (Operand operand : operands) {
                Object right = operand.right.value(frame);
                frame.budget().compare(operand.operator, left, right);
                if (!Values.compares(operand.operator, left, right)) {
                    return false;
                }
                left = right;
            }
            return true;
        }
    }

    /** Arithmetic of two values. */
    record Binary(String operator, Expression left, Expression right) implements Expression {
        @Override
        public Object value(Frame frame) {
            return frame.budget().built(Arithmetic.apply(operator, left.value(frame), right.value(frame)));
        }
    }

    /** {@code -operand} or {@code +operand}. */
    record Sign(String sign, Expression operand) implements Expression {
        @Override
        public Object value(Frame frame) {
            return Arithmetic.sign(sign, operand.value(frame));
        }
    }

    /** {@code a ~ b}: the texts of all, joined. */
    record Concatenation(List<Expression> parts) implements Expression {
        @Override
        public Object value(Frame frame) {
            StringBuilder text = new StringBuilder();
            for (Expression part : parts) {
                text.append(Show.str(frame.budget(), part.value(frame)));
                Arithmetic.requireLength(text.length());
            }
            return frame.budget().built(text.toString());
        }
    }

    private static List<Object> values(List<Expression> expressions, Frame frame) {
        List<Object> values = new ArrayList<>(expressions.size());
        for (Expression expression : expressions) {
            values.add(expression.value(frame));
        }
        return values;
    }
}
