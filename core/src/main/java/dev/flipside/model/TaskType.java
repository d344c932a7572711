package dev.flipside.model;

/** What a model's adapter may be for; PEFT's names. */
enum TaskType {
    CAUSAL_LM,
    SEQ_CLS
}
