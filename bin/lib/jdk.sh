# Sourced, not run. Finds a JDK of at least the release the project is built for.

fluidml_java_release=25

# Prints the feature release of the JDK in directory $1 (25 for 25.0.3), or nothing when $1 is no JDK
# with the Vector API module.
jdk_release() {
  [ -x "$1/bin/java" ] && [ -x "$1/bin/javac" ] && [ -r "$1/release" ] || return 0
  if grep -q '^MODULES=' "$1/release" && ! grep -q '^MODULES=.*jdk\.incubator\.vector' "$1/release"; then
    return 0
  fi
  sed -n 's/^JAVA_VERSION="\([0-9][0-9]*\).*/\1/p' "$1/release" | head -n 1
}

# Succeeds when directory $1 is a JDK that is new enough.
jdk_fits() {
  jdk_found=$(jdk_release "$1")
  [ -n "$jdk_found" ] && [ "$jdk_found" -ge "$fluidml_java_release" ]
}

# Prints file $1 with all symbolic links of its last component resolved.
resolve_link() {
  link=$1
  while [ -L "$link" ]; do
    link_target=$(readlink "$link")
    case $link_target in
      /*) link=$link_target ;;
      *) link=$(dirname "$link")/$link_target ;;
    esac
  done
  printf '%s\n' "$link"
}

# Prints the home directory of the java command on the PATH, or nothing.
path_java_home() {
  path_java=$(command -v java) || return 0
  path_home=$(dirname "$(dirname "$(resolve_link "$path_java")")")
  if [ ! -r "$path_home/release" ]; then
    # A wrapper script: ask the JVM behind it.
    path_home=$(java -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java\.home = //p')
  fi
  printf '%s\n' "$path_home"
}

# Sets jdk to the home of the JDK to use, or prints what to do and exits with code 3.
find_jdk() {
  if [ -n "${FLUIDML_JAVA_HOME:-}" ]; then
    jdk=$FLUIDML_JAVA_HOME
    if jdk_fits "$jdk"; then
      return 0
    fi
    echo "fluidml: FLUIDML_JAVA_HOME=$jdk is not a JDK $fluidml_java_release or newer with the module jdk.incubator.vector." >&2
    echo "fluidml: Point it at the directory that contains bin/javac and release, or unset it." >&2
    exit 3
  fi
  for jdk in "${JAVA_HOME:-}" "$(path_java_home)"; do
    if [ -n "$jdk" ] && jdk_fits "$jdk"; then
      return 0
    fi
  done
  jdk_newer=
  for jdk in /usr/lib/jvm/* /usr/lib64/jvm/* /usr/java/* /usr/local/lib/jvm/* /opt/* /opt/java/* /opt/jdk/* \
    "${HOME:-/}"/.sdkman/candidates/java/* "${HOME:-/}"/.jdks/* "${HOME:-/}"/.local/share/mise/installs/java/* \
    "${HOME:-/}"/.asdf/installs/java/* "${HOME:-/}"/Library/Java/JavaVirtualMachines/*/Contents/Home \
    /Library/Java/JavaVirtualMachines/*/Contents/Home /opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home; do
    if jdk_fits "$jdk"; then
      if [ "$jdk_found" = "$fluidml_java_release" ]; then
        return 0
      fi
      jdk_newer=${jdk_newer:-$jdk}
    fi
  done
  if [ -n "$jdk_newer" ]; then
    jdk=$jdk_newer
    return 0
  fi
  cat >&2 <<EOF
fluidml: no JDK $fluidml_java_release or newer found (looked at FLUIDML_JAVA_HOME, JAVA_HOME, java on the PATH,
the usual installation directories, SDKMAN, ~/.jdks). A JDK is needed, a JRE is not enough. Install one:
  Debian, Ubuntu     sudo apt-get install openjdk-$fluidml_java_release-jdk      (or temurin-$fluidml_java_release-jdk from Adoptium)
  Fedora             sudo dnf install java-$fluidml_java_release-openjdk-devel
  Alpine             apk add openjdk$fluidml_java_release
  macOS              brew install openjdk@$fluidml_java_release
  SDKMAN (anywhere)  sdk list java, then sdk install java <a $fluidml_java_release.x identifier from that list>
If it is installed somewhere else, name its directory:
  export FLUIDML_JAVA_HOME=/path/to/jdk-$fluidml_java_release
EOF
  exit 3
}
