# Sourced by ./quickstart and ./check: what they need of Debian 12, and how it gets there.

# To build edgec, and a program with a model in it.
build_packages=(
  ca-certificates ccache clang-22 cmake flatbuffers-compiler libcli11-dev libflatbuffers-dev libmlir-22-dev libprotobuf-dev
  libstb-dev libstdc++-12-dev libzip-dev libzstd-dev lld-22 llvm-22-dev llvm-22-tools make mlir-22-tools ninja-build nlohmann-json3-dev pkg-config protobuf-compiler python3 python3-venv
  zlib1g-dev
)
# To run the tests, on emulated processors too.
test_packages=(
  catch2 clang-format-22 file g++ gcc git gcc-aarch64-linux-gnu gcc-arm-none-eabi gcc-riscv64-linux-gnu
  gcc-riscv64-unknown-elf libc6-dev-arm64-cross libc6-dev-riscv64-cross libclang-rt-22-dev libnewlib-arm-none-eabi
  picolibc-riscv64-unknown-elf qemu-system-arm qemu-system-misc qemu-user
)

# need_packages name...: installs those that are missing. As root, or through sudo where there is something to install.
need_packages() {
  local missing=() name
  for name in "$@"; do
    dpkg-query --show --showformat='${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  local root=()
  if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "$0: as root, run: apt-get install --no-install-recommends ${missing[*]}" >&2
      return 1
    fi
    root=(sudo)
  fi
  echo "Installing ${missing[*]}"
  "${root[@]}" apt-get update --quiet=2
  if ! "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install --quiet=2 --yes --no-install-recommends "${missing[@]}" >/tmp/edgec-install.$$.log 2>&1; then
    cat /tmp/edgec-install.$$.log >&2
    echo "$0: LLVM 22 comes from Debian 12's security suite (bookworm-security); apt needs it among its sources" >&2
    return 1
  fi
  rm -f /tmp/edgec-install.$$.log
}
