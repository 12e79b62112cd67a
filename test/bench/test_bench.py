#!/usr/bin/env python3
"""The benchmark works: it compares before it times, and its tables say what was measured. No time is
judged here."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "test" / "onnx")]

import generate  # noqa: E402
import report  # noqa: E402


def result(*rows):
    given = {"processor": "P", "vectors": "AVX2", "threads": 1, "revision": "abc", "date": "2026-01-01"}
    given["rows"] = []
    for model, times in rows:
        peers = {n: {"median_ms": t, "min_ms": t, "version": "1"} for n, t in times.items() if t}
        peers |= {n: {"problem": "can't | at all"} for n, t in times.items() if not t}
        row = {"model": model, "peers": peers}
        rivals = {n: t for n, t in times.items() if t and n != "edgec"}
        if times.get("edgec") and rivals:
            row["best_peer"] = min(rivals, key=rivals.get)
            row["ratio"] = row["ratio_min"] = min(rivals.values()) / times["edgec"]
        given["rows"].append(row)
    report.finish(given)
    return given


class ReportTest(unittest.TestCase):
    names = ["edgec", "onnxruntime", "openvino"]

    def setUp(self):
        self.result = result(
            ("one", {"edgec": 1.0, "onnxruntime": 4.0, "openvino": 2.0}),
            ("two", {"edgec": 2.0, "onnxruntime": 1.0, "openvino": None}),
            ("three", {"edgec": None, "onnxruntime": 1.0}),
        )

    def test_the_mean_is_of_the_best_peers(self):
        self.assertAlmostEqual(self.result["geomean_ratio"], (2.0 * 0.5) ** 0.5)

    def test_markdown(self):
        text = report.markdown(self.result, self.names)
        self.assertIn("| one | 1.000 | 4.000 | **2.000** | 2.00 |", text)
        self.assertIn("| three | – | 1.000 | – | – |", text)
        self.assertIn("- openvino: can't / at all (two)", text)

    def test_svg_is_xml(self):
        root = xml.fromstring(report.svg(self.result))
        self.assertTrue(root.tag.endswith("svg"))

    def test_pages_are_written_between_the_markers(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "docs").mkdir()
            for page in (root / "README.md", root / "docs" / "performance.md"):
                page.write_text("before\n<!-- bench -->\nold\n<!-- /bench -->\nafter\n")
            report.write(root, self.result, self.names)
            report.write(root, self.result, self.names)
            for page in (root / "README.md", root / "docs" / "performance.md"):
                text = page.read_text()
                self.assertTrue(text.startswith("before\n<!-- bench -->\n"), text)
                self.assertTrue(text.endswith("\n<!-- /bench -->\nafter\n"), text)
                self.assertNotIn("old", text)
            (root / "README.md").write_text("no markers")
            with self.assertRaises(SystemExit):
                report.write(root, self.result, self.names)

    def test_the_real_pages_have_markers(self):
        import instructions

        table = ROOT / "docs" / "performance.md"
        pages = [(ROOT / "README.md", report.MARKERS), (table, report.MARKERS)]
        for page, markers in [*pages, (table, instructions.MARKERS)]:
            begin, end = (page.read_text().find(marker) for marker in markers)
            self.assertTrue(0 <= begin < end, page)


class RunTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp())
        generate.write_all(cls.folder)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def bench(self, *arguments):
        out = self.folder / "out.json"
        out.unlink(missing_ok=True)
        command = [sys.executable, ROOT / "bench" / "run.py", *arguments, "--json", out]
        done = subprocess.run(
            [*map(str, command), "--peers", "onnxruntime", "--rounds", "2", "--slice", "1"],
            capture_output=True,
            text=True,
            timeout=300,
        )
        return done, json.loads(out.read_text()) if out.exists() else None

    def test_every_peer_gets_a_time(self):
        for threads in (1, 2):
            with self.subTest(threads=threads):
                done, out = self.bench(self.folder / "unet.onnx", "--threads", threads)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                (row,) = out["rows"]
                for name in ("edgec", "onnxruntime"):
                    self.assertGreater(row["peers"][name]["runs"], 0)
                    self.assertLessEqual(row["peers"][name]["error"], 1e-4)
                self.assertIn("ratio", row)

    def test_shapes_and_values_are_for_everybody(self):
        done, out = self.bench(self.folder / "dynamic.onnx", "--shape", "x=1x3x8x8")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_what_cannot_run_is_said(self):
        bad = self.folder / "bad.onnx"
        bad.write_bytes(b"\x08\x08:")
        done, _ = self.bench(bad)
        self.assertEqual(done.returncode, 1)
        self.assertIn("edgec gave no time for: bad", done.stderr)
        done, _ = self.bench(self.folder / "absent.onnx")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("absent.onnx", done.stderr)
        done, _ = self.bench(self.folder / "unet.onnx", "--shape", "x=1xtwo")
        self.assertEqual(done.returncode, 2)


class InstructionsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp())
        generate.write_all(cls.folder)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def test_plain_loops_compute_the_same(self):
        import instructions
        import naive
        import numpy as np
        import onnx
        import onnxruntime
        import zoo
        from common import tensors

        compiler = next(filter(None, map(shutil.which, ("clang-22", "clang", "cc"))))
        emitted = 0
        for path in sorted(self.folder.glob("*.onnx")):
            with self.subTest(path.name), tempfile.TemporaryDirectory() as name:
                work = pathlib.Path(name)
                setup = zoo.Setup(path, {}, {}, work)
                expected = onnxruntime.InferenceSession(str(setup.model)).run(None, setup.feed)
                values = (list(setup.feed.values()), expected)
                if any(v.dtype != np.float32 for v in [*values[0], *expected]):
                    continue
                try:
                    naive.Emitter(zoo.fold(onnx.load(setup.model), work)).write(work)
                except naive.Unsupported:
                    continue
                emitted += 1
                instructions.write_harness(work, values, *instructions.NAIVE)
                command = [compiler, "-O1", "main.c", "naive.c", "-lm", "-o", "program"]
                subprocess.run(command, cwd=work, check=True, timeout=120)
                subprocess.run([work / "program", "2"], cwd=work, check=True, timeout=120)
                for want, got in zip(expected, instructions.read_outputs(work, values), strict=True):
                    self.assertLessEqual(tensors.range_error(want, got), 1e-4)
        self.assertGreaterEqual(emitted, 4)

    @unittest.skipUnless(shutil.which("qemu-aarch64") and shutil.which("qemu-riscv64"), "no QEMU")
    def test_counts(self):
        out = self.folder / "out.json"
        command = [sys.executable, ROOT / "bench" / "instructions.py", self.folder / "cnn.onnx", "--json", out]
        counts = []
        for _ in range(2):
            done = subprocess.run(map(str, command), capture_output=True, text=True, timeout=300)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            rows = json.loads(out.read_text())
            self.assertEqual([row["machine"] for row in rows], ["cortex-a53", "rv64gcv"])
            counts.append([(row["edgec"], row["naive"]) for row in rows])
        self.assertEqual(counts[0], counts[1])
        self.assertTrue(all(a > 1000 and b > 1000 for a, b in counts[0]), counts)


class OpsTest(unittest.TestCase):
    def test_work_in_the_padding_is_none(self):
        import ops

        self.assertEqual(ops.Conv(3, 1, 1).macs, 7 * 7)  # 2 + 3 + 2 taps a row
        self.assertEqual(ops.Conv(4, 5, 6, kernel=1, stride=2).macs, 2 * 2 * 5 * 6)
        self.assertEqual(ops.depthwise(3, 8, 3, 1).macs, 7 * 7 * 8)
        self.assertEqual(len(ops.GRID), len({op.name for op in ops.GRID}))

    @unittest.skipUnless(shutil.which("clang-22") or shutil.which("clang"), "no clang")
    def test_a_row_for_an_op(self):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / "ops.json"
            command = [sys.executable, ROOT / "bench" / "ops.py", "--json", out, "--rounds", "2", "--slice", "1"]
            command += ["--filter", "gemv 1x64x10", "--filter", "dw3 s1 7x7*"]
            done = subprocess.run(map(str, command), capture_output=True, text=True, timeout=300)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            rows = json.loads(out.read_text())["rows"]
            self.assertEqual([row["op"] for row in rows], ["gemv 1x64x10", "dw3 s1 7x7x960"])
            for row in rows:
                self.assertGreater(row["of_limit"], 0)
                self.assertGreater(row["onnxruntime_ms"], 0)


if __name__ == "__main__":
    unittest.main()
