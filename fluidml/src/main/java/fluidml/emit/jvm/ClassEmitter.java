package fluidml.emit.jvm;

import static java.lang.constant.ConstantDescs.CD_Object;
import static java.lang.constant.ConstantDescs.CD_long;

import fluidml.error.VerificationException;
import fluidml.loop.Buffer;
import fluidml.loop.Kernel;
import fluidml.loop.Procedure;
import fluidml.loop.Target;
import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.MethodModel;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.List;
import java.util.function.Function;

/**
 * Emits the class of a kernel: a static method per procedure, and {@code run} that calls the entry.
 */
final class ClassEmitter {
  /** C2 does not compile longer methods. */
  private static final int MAX_CODE_LENGTH = 8000;

  private final Kernel kernel;
  private final Target target;
  private final ClassDesc self;
  private final CallForm form;
  private final ClassConstants constants;
  private final KernelMethods methods;

  private ClassEmitter(Kernel kernel, Target target, CallForm form, SharedProcedures procedures) {
    this.kernel = kernel;
    this.target = target;
    String readable = kernel.name().replaceAll("[^A-Za-z0-9_]", "_");
    this.self = ClassDesc.of(ClassEmitter.class.getPackageName(), "Kernel_" + readable);
    this.form = form;
    this.constants = new ClassConstants(self);
    this.methods = KernelMethods.of(kernel, procedures.of(kernel, target, form));
  }

  /**
   * The class file of a verified kernel.
   *
   * @param form what code calls, where its methods do not get longer than C2 compiles
   * @param procedures where procedures that call no other go
   * @throws VerificationException if a procedure gets longer than C2 compiles
   */
  static byte[] emit(Kernel kernel, Target target, CallForm form, SharedProcedures procedures) {
    Function<CallForm, byte[]> emission =
        called -> {
          ClassEmitter emitter = new ClassEmitter(kernel, target, called, procedures);
          return ClassFile.of().build(emitter.self, emitter::define);
        };
    return target.checked() ? emission.apply(form) : compilable(kernel, "", form, emission);
  }

  /**
   * A class in the wanted form, or as calls of the API where its methods would be longer than C2
   * compiles.
   *
   * @param procedure the only procedure of the class, or empty if methods are named after theirs
   * @throws VerificationException if they are longer even then
   */
  static byte[] compilable(
      Kernel kernel, String procedure, CallForm form, Function<CallForm, byte[]> emission) {
    if (form != CallForm.API) {
      byte[] bytes = emission.apply(form);
      if (isCompilable(bytes)) {
        return bytes;
      }
    }
    byte[] bytes = emission.apply(CallForm.API);
    checkLengths(kernel, procedure, bytes);
    return bytes;
  }

  private static boolean isCompilable(byte[] bytes) {
    return ClassFile.of().parse(bytes).methods().stream()
        .allMatch(method -> codeLength(method) <= MAX_CODE_LENGTH);
  }

  private static int codeLength(MethodModel method) {
    return method.code().map(code -> ((CodeAttribute) code).codeLength()).orElse(0);
  }

  /**
   * Refuses methods that C2 would not compile.
   *
   * @param procedure the only procedure of the class, or empty if methods are named after theirs
   */
  private static void checkLengths(Kernel kernel, String procedure, byte[] bytes) {
    for (MethodModel method : ClassFile.of().parse(bytes).methods()) {
      int length = codeLength(method);
      if (length > MAX_CODE_LENGTH) {
        String name = procedure.isEmpty() ? method.methodName().stringValue() : procedure;
        throw new VerificationException(
            "emission",
            "procedure '" + name + "' of kernel '" + kernel.name() + "'",
            "%d bytes of bytecode, but methods over %d are never optimised: split the procedure or unroll less"
                .formatted(length, MAX_CODE_LENGTH));
      }
    }
  }

  private void define(ClassBuilder builder) {
    builder
        .withFlags(ClassFile.ACC_FINAL | ClassFile.ACC_SUPER)
        .withInterfaceSymbols(Descs.COMPILED_KERNEL)
        .withMethodBody(
            ConstantDescs.INIT_NAME,
            ConstantDescs.MTD_void,
            ClassFile.ACC_PUBLIC,
            code ->
                code.aload(0)
                    .invokespecial(CD_Object, ConstantDescs.INIT_NAME, ConstantDescs.MTD_void)
                    .return_())
        .withMethodBody("run", Descs.RUN, ClassFile.ACC_PUBLIC, this::run);
    int perScratch = target.checked() ? 2 : 1;
    for (Procedure procedure : kernel.procedures()) {
      if (methods.shared(procedure.name()).isPresent()) {
        continue;
      }
      int longs = perScratch * kernel.scratchBuffers().size() + procedure.parameters().size();
      builder.withMethodBody(
          methods.own(procedure.name()),
          Descs.frameAndLongs(longs),
          ClassFile.ACC_STATIC | ClassFile.ACC_PRIVATE,
          code ->
              new MethodEmitter(code, self, kernel, target, form, constants, methods)
                  .emit(procedure));
    }
    constants.define(builder);
  }

  /** Parameters: this, frame, scratch, begin, end. Computes where scratch buffers lie. */
  private void run(CodeBuilder code) {
    List<Buffer> scratch = kernel.scratchBuffers();
    MethodEmitter sizes = new MethodEmitter(code, self, kernel, target, form, constants, methods);
    int longs = 2;
    code.aload(1);
    if (!scratch.isEmpty()) {
      sizes.beginScratch(8, 1, scratch);
      MethodTypeDesc max = Descs.method(CD_long, CD_long, CD_long);
      for (Buffer buffer : scratch) {
        code.lload(2);
        longs++;
        sizes.emit(buffer.scratchBytes().orElseThrow());
        code.lconst_0().invokestatic(Descs.MATH, "max", max);
        if (target.checked()) {
          code.dup2();
          longs++;
        }
        code.loadConstant(63L).ladd().loadConstant(-64L).land().lload(2).ladd().lstore(2);
      }
    }
    code.lload(4).lload(6);
    code.invokestatic(self, methods.own(kernel.entry()), Descs.frameAndLongs(longs)).return_();
  }
}
