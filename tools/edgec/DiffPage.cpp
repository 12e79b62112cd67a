#include "tools/edgec/DiffPage.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace edgec;

namespace {

constexpr int kColumns = 128;
constexpr double kWidth = 640, kHeight = 120;

std::string escaped(llvm::StringRef text) {
  std::string out;
  for (char c : text)
    out += c == '&'   ? "&amp;"
           : c == '<' ? "&lt;"
           : c == '>' ? "&gt;"
           : c == '"' ? "&quot;"
                      : std::string(1, c);
  return out;
}

std::string decibels(double value) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (std::isinf(value))
    os << "exact";
  else
    os << llvm::format("%.1f", value);
  return text;
}

/// The counts of an observer over [low, high), in columns, as logarithms: tails are what matters.
std::vector<double> columnsOf(const Observer &observer, double low, double high) {
  std::vector<double> columns(kColumns, 0);
  llvm::ArrayRef<uint64_t> bins = observer.histogram();
  double width = 2 * observer.limit() / static_cast<double>(std::max<size_t>(bins.size(), 1));
  for (size_t i = 0; i < bins.size(); ++i) {
    double x = -observer.limit() + (static_cast<double>(i) + 0.5) * width;
    auto column = static_cast<int64_t>((x - low) / (high - low) * kColumns);
    if (column >= 0 && column < kColumns)
      columns[column] += static_cast<double>(bins[i]);
  }
  for (double &count : columns)
    count = std::log1p(count);
  return columns;
}

/// The float form as an outline, the quantized one filled, and how far its integers reach.
void drawHistogram(llvm::raw_ostream &os, const ComparedTensor &tensor) {
  double low = std::min(tensor.wanted.low(), tensor.found.low());
  double high = std::max(tensor.wanted.high(), tensor.found.high());
  if (!(low < high))
    return;
  std::vector<double> wanted = columnsOf(tensor.wanted, low, high),
                      found = columnsOf(tensor.found, low, high);
  double most = 1e-9;
  for (const auto &columns : {wanted, found})
    for (double column : columns)
      most = std::max(most, column);
  auto x = [&](double column) { return column * kWidth / kColumns; };
  auto y = [&](double count) { return kHeight - count / most * kHeight; };
  os << llvm::format("<svg viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\">\n", kWidth,
                     kHeight + 18, kWidth, kHeight + 18);
  for (int i = 0; i < kColumns; ++i)
    if (found[i] > 0)
      os << llvm::format("<rect class=\"q\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
                         x(i), y(found[i]), kWidth / kColumns, kHeight - y(found[i]));
  os << "\n<polyline class=\"f\" points=\"";
  for (int i = 0; i < kColumns; ++i)
    os << llvm::format("%.1f,%.1f ", x(i + 0.5), y(wanted[i]));
  os << "\"/>\n";
  for (double limit : {tensor.low, tensor.high})
    if (tensor.isQuantized && limit > low && limit < high)
      os << llvm::format("<line class=\"r\" x1=\"%.1f\" x2=\"%.1f\" y1=\"0\" y2=\"%.0f\"/>\n",
                         (limit - low) / (high - low) * kWidth,
                         (limit - low) / (high - low) * kWidth, kHeight);
  os << llvm::format("<text x=\"0\" y=\"%.0f\">%.4g</text>", kHeight + 14, low);
  os << llvm::format("<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"end\">%.4g</text>\n</svg>\n",
                     kWidth, kHeight + 14, high);
}

} // namespace

std::string cli::writeDiffPage(llvm::StringRef model, llvm::ArrayRef<ComparedTensor> tensors,
                               llvm::ArrayRef<size_t> worst, llvm::StringRef advice) {
  std::string page;
  llvm::raw_string_ostream os(page);
  os << "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<title>"
     << escaped(model) << ", quantized</title>\n<style>\n"
     << "body{font:14px system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em}\n"
     << "table{border-collapse:collapse}td,th{padding:.15em .6em;text-align:right}\n"
     << "td:first-child,th:first-child,td:nth-child(2),th:nth-child(2){text-align:left}\n"
     << "tr:nth-child(even){background:#8881}.q{fill:#7aa6d8}.f{fill:none;stroke:#222}\n"
     << ".r{stroke:#c33;stroke-dasharray:4 3}text{font-size:12px}pre{white-space:pre-wrap}\n"
     << "@media(prefers-color-scheme:dark){body{background:#181818;color:#ddd}"
     << ".f{stroke:#eee}text{fill:#ddd}}\n"
     << "</style></head><body>\n<h1>" << escaped(model) << "</h1>\n<pre>" << escaped(advice)
     << "</pre>\n";
  os << "<h2>The worst tensors</h2>\n<p>Line: float form; filled: quantized, with everything "
        "before "
        "it quantized too; dashed: how far the integers reach. Counts are logarithmic.</p>\n";
  for (size_t i : worst.take_front(10)) {
    os << "<h3>" << escaped(tensors[i].name) << " (" << tensors[i].kind
       << "): " << decibels(tensors[i].alone.decibels()) << " dB alone, "
       << decibels(tensors[i].whole.decibels()) << " dB in the whole</h3>\n";
    drawHistogram(os, tensors[i]);
  }
  os << "<h2>All tensors</h2>\n<table><tr><th>name</th><th>op</th><th>alone dB</th><th>whole "
        "dB</th>"
        "<th>cosine</th><th>max error</th><th>saturated</th></tr>\n";
  for (const ComparedTensor &tensor : tensors) {
    os << "<tr><td>" << escaped(tensor.name) << "</td><td>" << tensor.kind << "</td><td>"
       << decibels(tensor.alone.decibels()) << "</td><td>" << decibels(tensor.whole.decibels())
       << "</td>";
    os << llvm::format("<td>%.6f</td><td>%.3g</td><td>%.3f %%</td></tr>\n", tensor.whole.cosine(),
                       tensor.whole.most, tensor.saturation() * 100);
  }
  os << "</table>\n</body></html>\n";
  return page;
}
