// SPDX-License-Identifier: MIT
// Makes every `Engine::process` of the suite count as a callback: the linker's --wrap sends calls
// of the one name to the other. Names as compilers write them, tenuto::rt::Engine::process(const
// Block&).
#include "../guard.h"

extern "C" {

void __real__ZN6tenuto2rt6Engine7processERKNS0_5BlockE(void* engine, const void* block);
void __wrap__ZN6tenuto2rt6Engine7processERKNS0_5BlockE(void* engine, const void* block) {
    const tenuto::test::InsideCallback inside;
    __real__ZN6tenuto2rt6Engine7processERKNS0_5BlockE(engine, block);
}

}  // extern "C"
