# Turns a text file into a C++ source; run with -P. INPUT, OUTPUT and SYMBOL are given.
file(READ ${INPUT} text)
# String literals have a length limit in some compilers, and `)"` could occur in the text: cut and delimit.
string(LENGTH "${text}" length)
set(pieces "")
set(at 0)
while(at LESS length)
  string(SUBSTRING "${text}" ${at} 8000 piece)
  string(APPEND pieces "R\"embedded(${piece})embedded\"\n")
  math(EXPR at "${at} + 8000")
endwhile()
file(WRITE ${OUTPUT} "#include <string_view>\nnamespace sluice::embedded {\nextern const std::string_view ${SYMBOL};\nconst std::string_view ${SYMBOL} = ${pieces};\n}\n")
