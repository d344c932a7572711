package dev.flipside.net;

/** Addresses in messages. */
public final class Addresses {
    private Addresses() {}

    /**
     * An address without what may be secret in it: user and password before the host, and all that follows a question
     * mark.
     */
    public static String shown(String address) {
        return address.replaceFirst("//[^/?#]*@", "//***@").replaceFirst("[?#].*", "?***");
    }
}
