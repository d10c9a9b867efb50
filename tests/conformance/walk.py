"""`twinwalk walk` tells the address's fields, every PTE, the rule that decided, and the result."""

from support import Bench

bench = Bench()
tables = bench.vectors / "tables"


def told(wanted, *arguments):
    """Exit status 0 and these texts on stdout, in this order."""
    status, output, error = bench.run("walk", *arguments)
    at = 0
    for text in wanted:
        found = output.find(text, at)
        bench.check(f"{arguments}: '{text}'", found >= 0 and status == 0 and error == "",
                    f"status {status}\n{output}{error}")
        at = max(found, 0)


SV39 = ("--root", "80000", "--mem", "80000000=20000401", "--mem", "80001000=20000801")

told(("[38:30]  vpn[2]          ff", "[11:0]   offset         123",
      "Level 2: PTE at 87f5f7f8", "ppn=87f5e", "step 4", "Level 1", "Level 0",
      "V=1 R=1 W=0 X=1 U=0 G=0 A=1 D=0", "step 8: R=1", "physical address 80007123, 4KiB page",
      "The hardware (default) and the model took the same 11 steps."),
     "--tables", tables / "xv6-sv39-2.tables.gz", "3ffffff123")
told(("step 6: U-mode access to a supervisor page", "instruction page fault (cause 12)"),
     "--tables", tables / "xv6-sv39-2.tables.gz", "--access", "x", "--priv", "u", "3ffffff123")
told(("step 3: PTE.V is 0", "load page fault (cause 13)"), *SV39, "3123")
told(("step 9: ADUE=1, so hardware sets A D: 20004807 -> 200048c7", "80012123"),
     *SV39, "--mem", "80002018=20004807", "--adue", "--access", "w", "3123")
told(("step 9: PTE.D is 0", "store/AMO page fault (cause 15)"),
     *SV39, "--mem", "80002018=20004847", "--access", "w", "3123")
told(("step 8: R=0, but MXR=1 and X=1", "80012123"),
     *SV39, "--mem", "80002018=20004849", "--mxr", "3123")
told(("with SUM=1", "80012123"), *SV39, "--mem", "80002018=20004857", "--sum", "3123")
told(("PBMT=2 (IO)", "memory type IO"), *SV39, "--mem", "80002018=4000000020004847", "--pbmte",
     "3123")
told(("step 3: PTE.PBMT",), *SV39, "--mem", "80002018=4000000020004847", "3123")
told(("one of sixteen PTEs of a 64KiB page", "physical address 80013123, 64KiB page"),
     *SV39, "--mem", "80002018=8000000020006047", "--napot", "3123")
told(("step 3: PTE.N",), *SV39, "--mem", "80002018=8000000020006047", "3123")
told(("step 5: PTE.N",), *SV39, "--mem", "80002018=8000000020006447", "--napot", "3123")
told(("step 5: superpage is misaligned",), "--mode", "sv32", "--root", "80000",
     "--mem", "80000004=20000c1f", "400123")
told(("must all equal bit 56", "are NOT", "vpn[4]", "virtual address is not canonical"),
     "--mode", "sv57", "--root", "80000", "100000000000000")
told(("physical address 123456, not translated", "the same 1 step."), "--mode", "bare", "123456")
told(("not translated",), *SV39, "--priv", "m", "3123")
told(("step 2: memory refused the PTE read", "load access fault (cause 5)"),
     "--tables", tables / "riscv-sv39-clean.tables.gz", "--mem", "80100010=401", "80000000")
told(("The hardware (small)",), *SV39, "--config", "small", "0")

bench.refused("no address", "no virtual address", "walk", "--root", "1")
bench.refused("no tables", "neither --tables nor --root", "walk", "1")
bench.refused("address", "hexadecimal", "walk", "--root", "1", "10g")
bench.refused("wide address", "hexadecimal", "walk", "--root", "1", "1" + "0" * 16)
bench.refused("two addresses", "more than one", "walk", "--root", "1", "1", "2")
bench.refused("mode", "none of", "walk", "--mode", "sv64", "1")
bench.refused("Sv32 root", "22 bits", "walk", "--mode", "sv32", "--root", "400000", "1")
bench.refused("word", "not PA=VALUE", "walk", "--root", "1", "--mem", "8", "1")
bench.refused("alignment", "at a multiple of 8", "walk", "--root", "1", "--mem", "4=1", "1")
bench.refused("access", "none of r, w, x", "walk", "--root", "1", "--access", "rw", "1")
bench.refused("both", "of its own", "walk", "--root", "1", "--tables", "x", "1")
bench.refused("absent", "No such file", "walk", "--tables", bench.work / "absent", "1")

bench.finish()
