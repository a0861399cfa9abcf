package fluidml.emit.jvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import fluidml.error.InvalidModelException;
import fluidml.loop.Kernel;
import fluidml.loop.Parser;
import fluidml.loop.Target;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class KernelCodeTest {
  private static final Kernel SCALE =
      Parser.parse(
          """
          kernel "scale"(x: f32 read, y: f32 write) sizes(n) parallel 1 entry main {
            proc part(count) {
              for i = 0 to count step 1 {
                y[i] = x[i] * 2.0:f32
              }
            }
            proc main(begin, end) {
              call part($n)
            }
          }
          """);

  @ParameterizedTest
  @EnumSource
  void runsWhatItLoads(CallForm form) {
    assumeTrue(form == CallForm.API || HostTarget.hasIntrinsics());
    KernelCode code = KernelCode.of(List.of(SCALE), new Target(0, false), form);
    assertEquals(1, code.procedures().size());
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment x = KernelRunner.floats(arena, 1, 2, 3);
      MemorySegment y = KernelRunner.floats(arena, 0, 0, 0);
      KernelRunner.run(
          code.load("test").getFirst(), SCALE, new MemorySegment[] {x, y}, new long[] {3}, 1);
      assertEquals(6, KernelRunner.floats(y)[2]);
    }
  }

  @Test
  void refusesAProcedureUnderTheNameOfAnother() {
    KernelCode code = KernelCode.of(List.of(SCALE), new Target(0, false), CallForm.API);
    code.procedures()
        .forEach(
            (name, bytes) -> {
              byte[] changed = bytes.clone();
              changed[changed.length / 2] ^= 1;
              KernelCode other = new KernelCode(Map.of(name, changed), code.kernels());
              assertThrows(InvalidModelException.class, () -> other.load("file"));
            });
  }

  private static byte[] kernelThat(Consumer<CodeBuilder> does) {
    return ClassFile.of()
        .build(
            ClassDesc.of("fluidml.emit.jvm", "Kernel_stranger"),
            builder ->
                builder
                    .withInterfaceSymbols(Descs.COMPILED_KERNEL)
                    .withMethodBody(
                        "run",
                        Descs.RUN,
                        ClassFile.ACC_PUBLIC,
                        code -> {
                          does.accept(code);
                          code.return_();
                        }));
  }

  private static void assertRefused(byte[] bytes, String message) {
    KernelCode code = new KernelCode(Map.of(), List.of(bytes));
    String told = assertThrows(InvalidModelException.class, () -> code.load("file")).getMessage();
    assertTrue(told.contains(message), told);
  }

  @Test
  void refusesCodeThatDoesMoreThanCompute() {
    assertRefused(
        kernelThat(
            code ->
                code.iconst_1()
                    .invokestatic(
                        ClassDesc.of("java.lang.System"),
                        "exit",
                        MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_int))),
        "java/lang/System");
    assertRefused(
        kernelThat(
            code ->
                code.ldc("java.lang.Runtime")
                    .invokestatic(
                        ConstantDescs.CD_Class,
                        "forName",
                        MethodTypeDesc.of(ConstantDescs.CD_Class, ConstantDescs.CD_String))
                    .pop()),
        "java/lang/Class.forName");
    assertRefused(
        kernelThat(
            code ->
                code.lconst_0()
                    .invokestatic(
                        ClassDesc.of("jdk.internal.misc.Unsafe"),
                        "freeMemory",
                        MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_long))),
        "jdk/internal/misc/Unsafe.freeMemory");
    assertRefused(
        kernelThat(
            code ->
                code.ldc("library")
                    .invokestatic(
                        ClassDesc.of("jdk.internal.vm.vector.VectorSupport"),
                        "loadNativeLibrary",
                        MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_String))),
        "VectorSupport.loadNativeLibrary");
    assertRefused(
        kernelThat(
            code ->
                code.aconst_null()
                    .invokevirtual(
                        ClassDesc.of("jdk.internal.vm.vector.VectorSupport$VectorPayload"),
                        "getPayload",
                        MethodTypeDesc.of(ConstantDescs.CD_Object))
                    .pop()),
        "a member of jdk/internal/vm/vector");
    assertRefused(
        kernelThat(code -> code.ldc(MethodTypeDesc.of(ConstantDescs.CD_void)).pop()),
        "links at run time");
    assertRefused(new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, "no class file");
    assertRefused(new byte[3], "malformed");
  }
}
