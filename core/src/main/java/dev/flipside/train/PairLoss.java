package dev.flipside.train;

/**
 * What a {@link PairPass} finds over one micro-batch of labelled pairs.
 *
 * @param loss the micro-batch's share of the loss
 * @param correct pairs that the model orders as labelled
 * @param chosen rewards of the chosen answers
 * @param rejected rewards of the rejected answers
 */
record PairLoss(double loss, int correct, double[] chosen, double[] rejected) {}
