# Sourced by the launchers, which set root to the project's directory. Builds a module when its jar is
# missing or older than its sources, then runs its main class on a suitable JDK.

. "$root/bin/lib/jdk.sh"

# Succeeds when the jar of module $1 is missing or a source of it or of the library is newer.
is_stale() {
  module_jar=$(ls "$root/$1/target/fluidml-$1"-*.jar 2>/dev/null | head -n 1)
  [ -n "$module_jar" ] && [ -d "$root/$1/target/lib" ] || return 0
  built=$root/$1/target/.built
  [ -e "$built" ] || built=$module_jar
  # An incremental build leaves an unchanged jar alone, a direct "mvn package" leaves .built alone.
  newer=$(find "$root/pom.xml" "$root/fluidml/pom.xml" "$root/fluidml/src/main" "$root/$1/pom.xml" "$root/$1/src/main" \
    -newer "$module_jar" -newer "$built" -print | head -n 1)
  [ -n "$newer" ]
}

# Runs Maven on the JDK found, with the given arguments; all output goes to standard error.
run_maven() {
  if ! command -v mvn >/dev/null 2>&1; then
    echo "fluidml: Maven 3.8.7 or newer is needed to build this project, and mvn is not on the PATH." >&2
    echo "fluidml: Install it, for example: sudo apt-get install maven, brew install maven, or sdk install maven." >&2
    exit 3
  fi
  JAVA_HOME=$jdk MAVEN_OPTS="${MAVEN_OPTS:-} --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow" \
    mvn -q -B -f "$root/pom.xml" "$@" >&2 || {
    echo "fluidml: the build failed, see above" >&2
    exit 4
  }
}

# Builds module $1 and the library.
build_module() {
  echo "fluidml: building module $1 (first use, or its sources changed); the first build also fetches its tools" >&2
  mkdir -p "$root/$1/target"
  : >"$root/$1/target/.build-started"
  run_maven -pl "$1" -am -Dmaven.test.skip=true package
  mv "$root/$1/target/.build-started" "$root/$1/target/.built"
}

# Succeeds when the commands of module $1 start from an archive of linked classes (an AOT cache) and it is missing or older
# than the jars. An empty one says that none could be made.
lacks_archive() {
  case $1 in
    cli | bench) ;;
    *) return 1 ;;
  esac
  archive=$root/$1/target/classes.aot
  [ -e "$archive" ] || return 0
  newer=$(find "$root/$1/target/lib" "$root/$1/target/fluidml-$1"-*.jar -name '*.jar' -newer "$archive" -print | head -n 1)
  [ -n "$newer" ]
}

# Makes that archive of module $1 by a short use of the example. Without it everything works, and starts a
# third of a second later.
archive_classes() {
  archive=$root/$1/target/classes.aot
  costs=$root/$1/target/archive-costs
  rm -f "$archive"
  case $1 in
    cli) set -- "$1" fluidml.cli.Main tune --budget=1 "--costs=$costs" "$root/examples/mlp" ;;
    *) set -- "$1" fluidml.bench.FluidmlWorker "$root/examples/mlp" 1 0 0.1 ;;
  esac
  (exec_java "-XX:AOTCacheOutput=$archive.part" "$@" >/dev/null 2>&1) || :
  if [ -s "$archive.part" ]; then
    mv "$archive.part" "$archive"
  else
    echo "fluidml: no archive of classes could be made: commands will start a little later" >&2
    : >"$archive"
  fi
  rm -f "$archive.part" "$costs" "$costs.lock"
}

# Builds what of module $1 is stale.
build_stale() {
  if is_stale "$1"; then
    build_module "$1"
  fi
  if lacks_archive "$1"; then
    archive_classes "$1"
  fi
}

# Builds what of module $1 is stale, one launcher at a time.
ensure_built() {
  is_stale "$1" || lacks_archive "$1" || return 0
  mkdir -p "$root/target"
  if command -v flock >/dev/null 2>&1; then
    (
      flock 9
      build_stale "$1" 9>&-
    ) 9>"$root/target/.build.lock"
  else
    lock=$root/target/.build.lock.d
    until mkdir "$lock" 2>/dev/null; do
      holder=$(cat "$lock/pid" 2>/dev/null || :)
      if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then
        rm -rf "$lock"
      else
        sleep 1
      fi
    done
    echo $$ >"$lock/pid"
    (build_stale "$1") && build_status=0 || build_status=$?
    rm -rf "$lock"
    [ "$build_status" = 0 ] || exit "$build_status"
  fi
}

# launch MODULE MAIN_CLASS ARGUMENT...: replaces this process by the JVM.
launch() {
  find_jdk
  ensure_built "$1"
  # The JVM itself leaves an archive alone that was made by another JDK or from other jars.
  if [ -s "$root/$1/target/classes.aot" ]; then
    exec_java "-XX:AOTCache=$root/$1/target/classes.aot" "$@"
  else
    exec_java -Xshare:auto "$@"
  fi
}

# exec_java OPTION MODULE MAIN_CLASS ARGUMENT...: replaces this process by the JVM, with one option more.
exec_java() {
  option=$1
  module=$2
  main_class=$3
  shift 3
  module_jar=$(ls "$root/$module/target/fluidml-$module"-*.jar | head -n 1)
  # Weights and tensors are not on the Java heap: the collector that takes the least memory does best.
  collector=-XX:+UseSerialGC
  case ${FLUIDML_JAVA_OPTS:-} in
    *-XX:+Use*GC*) collector= ;;
  esac
  # Of two or three processors the JVM would give its slow JIT one only, which all kernels wait for.
  case $(getconf _NPROCESSORS_ONLN 2>/dev/null || :) in
    2 | 3) compilers=-XX:CICompilerCount=3 ;;
    *) compilers= ;;
  esac
  # FLUIDML_JAVA_OPTS is a list of JVM options: split at blanks on purpose.
  # shellcheck disable=SC2086
  exec "$jdk/bin/java" "@$root/bin/lib/jvm-options" \
    "$option" -Xlog:cds=off -Xlog:cds+dynamic=off -Xlog:aot=off \
    $collector $compilers ${FLUIDML_JAVA_OPTS:-} -cp "$module_jar:$root/$module/target/lib/*" "$main_class" "$@"
}
