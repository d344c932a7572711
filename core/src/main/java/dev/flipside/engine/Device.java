package dev.flipside.engine;

import dev.flipside.config.UserError;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Where tensors live.
 *
 * @param name {@code cpu} or {@code cuda:N}
 */
public record Device(String name) {
    public static final Device CPU = new Device("cpu");

    /**
     * Reads {@code auto}, {@code cpu}, {@code cuda} or {@code cuda:N}; {@code auto} is the first GPU when there is one.
     *
     * @throws UserError when the word is unknown or this machine has no such device
     */
    public static Device parse(String word) {
        if (word.equals("cpu")) {
            return CPU;
        }
        if (word.equals("auto")) {
            return NativeLibrary.cudaDevices() > 0 ? new Device("cuda:0") : CPU;
        }
        if (!word.matches("cuda(:\\d{1,3})?")) {
            throw new UserError("'" + word + "' (run.device, --device) is not a device; use auto, cpu or cuda:N.");
        }
        int index = word.equals("cuda") ? 0 : Integer.parseInt(word.substring("cuda:".length()));
        int present = NativeLibrary.cudaDevices();
        if (index >= present) {
            throw new UserError(
                    "'" + word + "' (run.device, --device) is not there, libtorch sees " + present
                            + " CUDA device(s); point FLIPSIDE_LIBTORCH at a CUDA build of PyTorch (`flipside doctor` shows what is in use) or set cpu.");
        }
        return new Device("cuda:" + index);
    }

    public boolean isCpu() {
        return name.equals("cpu");
    }

    /** What libtorch's switches for a kind of device are named by. */
    public DeviceType type() {
        return name.startsWith("cuda") ? DeviceType.CUDA : DeviceType.CPU;
    }

    /** Options for new tensors of {@code type} on this device; belongs to the caller's scope. */
    public TensorOptions options(ScalarType type) {
        return new TensorOptions(type).device(new org.bytedeco.pytorch.DeviceOptional(torchDevice()));
    }

    /** libtorch's own device object; belongs to the caller's scope. */
    public org.bytedeco.pytorch.Device torchDevice() {
        return new org.bytedeco.pytorch.Device(name);
    }

    /** Waits until work queued on this device is done, so that wall times mean something. */
    public void synchronize() {
        if (!isCpu()) {
            torch.cuda_synchronize(Long.parseLong(name.substring("cuda:".length())));
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
