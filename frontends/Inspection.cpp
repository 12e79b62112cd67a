#include "frontends/Inspection.h"
#include "llvm/ADT/STLExtras.h"

void edgec::setOperators(nlohmann::ordered_json &out,
                         std::vector<std::pair<std::string, int64_t>> counts) {
  llvm::stable_sort(counts, [](auto &a, auto &b) { return a.second > b.second; });
  out["operators"] = nlohmann::ordered_json::object();
  for (auto &[name, number] : counts)
    out["operators"][name] = number;
}

void edgec::printInspection(const nlohmann::ordered_json &out, llvm::StringRef head, bool json,
                            llvm::raw_ostream &os) {
  if (json) {
    os << out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
    return;
  }
  os << head << "\n";
  for (const char *kind : {"inputs", "outputs"})
    for (const auto &entry : out[kind])
      os << "  " << llvm::StringRef(kind).drop_back() << " " << entry["name"].get<std::string>()
         << ": " << entry["type"].get<std::string>() << "\n";
  os << "  " << out["parameters"].get<int64_t>() << " parameters, "
     << out["parameter_bytes"].get<int64_t>() << " bytes\n  operators:";
  for (auto &[name, number] : out["operators"].items())
    os << " " << name << ":" << number.get<int64_t>();
  os << "\n";
}
