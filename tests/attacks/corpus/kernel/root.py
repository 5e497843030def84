# Takes another folder for the root.
import posix
posix.chroot("/usr")
raise RuntimeError(@HIT@)
