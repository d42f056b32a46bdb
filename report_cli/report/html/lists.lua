-- HTML has no word for the signs around the numbers of a list, 1) or (1), so a block around it says them.
local kinds = { OneParen = "list-paren", TwoParens = "list-parens" }

function OrderedList(list)
  local kind = kinds[list.delimiter]
  return kind and pandoc.Div(list, { class = kind })
end
