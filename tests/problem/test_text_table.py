"""Tables of text: what is taken for what is said, and what is bad or has two readings is refused."""

from __future__ import annotations

import re

import pytest

from pltheory.problem import data
from tests.problem.text_tables import refused, written

# what is read: text, what `described` says in this order, points, targets or classes
READ = {
    "names": (
        "a,b,y\n1.5,2,1\n3,4,0\n",
        ["header in line 1", "label column 3 'y', numbers", "no index", "2 rows, 3 columns"], [[1.5, 2], [3, 4]],
        [1, 0],
    ),
    "no names": ("1.5,2,1\n3,4,0\n", ["no header", "label column 3, numbers"], [[1.5, 2], [3, 4]], [1, 0]),
    "pandas index": (
        ",a,y\n0,0.5,1\n1,2.5,0\n", ["index column 1 (no name), left out", "2 rows, 3 columns, 1 of them"],
        [[0.5], [2.5]], [1, 0],
    ),
    "index of a part": (
        ",a,y\n17,0.5,1\n4,2.5,0\n99,1.5,1\n", ["index column 1 (no name), left out"], [[0.5], [2.5], [1.5]],
        [1, 0, 1],
    ),
    "index joined": (",a,y\n0,0.5,1\n1,2.5,0\n0,1.5,1\n", ["index column 1"], [[0.5], [2.5], [1.5]], [1, 0, 1]),
    "saved again": (
        "Unnamed: 0.1,Unnamed: 0,a,y\n0,0,0.5,1\n1,1,2.5,0\n", ["index column 1 'Unnamed: 0.1', column 2"],
        [[0.5], [2.5]], [1, 0],
    ),
    "names by number": (
        ",0,1,2\n0,0.5,1.5,1\n1,2.5,3.5,0\n2,.1,.2,1\n",
        ["header in line 1", "label column 4 '2'", "index column 1"], [[0.5, 1.5], [2.5, 3.5], [0.1, 0.2]],
        [1, 0, 1],
    ),
    "names by number, label in words": (
        ",0,1,y\n0,0.5,1.5,1\n1,2.5,3.5,0\n", ["header in line 1", "label column 4 'y'"], [[0.5, 1.5], [2.5, 3.5]],
        [1, 0],
    ),
    "R": ('"","a","y"\n"1",0.5,1\n"2",2.5,0\n', ["header in line 1", "index column 1"], [[0.5], [2.5]], [1, 0]),
    "R, rows by name": ('"","a","y"\n"Mazda",0.5,1\n"Fiat",2.5,0\n', ["index column 1"], [[0.5], [2.5]], [1, 0]),
    "semicolons": ("a;b;y\n1.5;2;1\n3;4;0\n", ["semicolons", "header"], [[1.5, 2], [3, 4]], [1, 0]),
    "decimal commas": ("a;y\n1,5;2,5\n0,25;-3,5e1\n", ["semicolons, decimal comma"], [[1.5], [0.25]], [2.5, -35]),
    "decimal commas, no names": (
        "1,5;2,5\n0,25;3,5\n", ["semicolons, decimal comma; no header"], [[1.5], [0.25]], [2.5, 3.5],
    ),
    "decimal commas, text": ("1,2;a\n3,4;b\n", ["decimal comma", "2 classes: a, b"], [[1.2], [3.4]], "ab"),
    "decimal commas, tabs": ("1,5\t2\n0,5\t3\n", ["tabs, decimal comma"], [[1.5], [0.5]], [2, 3]),
    "decimal commas, quoted": ('"1,5","2,5"\n"0,5",3\n', ["commas, decimal comma"], [[1.5], [0.5]], [2.5, 3]),
    "tabs": ("a\tb\ty\n1\t2\t3\n4\t5\t7\n", ["tabs"], [[1, 2], [4, 5]], [3, 7]),
    "bars": ("1|2|3\n4|5|7\n", ["bars"], [[1, 2], [4, 5]], [3, 7]),
    "commas in a tab table's labels": (
        "1\t2\ta,b\n3\t4\tc,d\n", ["tabs", "classes: a,b, c,d"], [[1, 2], [3, 4]], ["a,b", "c,d"],
    ),
    "bars in names": ("a|b,c|d,y\n1,2,3\n4,5,7\n", ["commas"], [[1, 2], [4, 5]], [3, 7]),
    "Excel's sep": ("sep=;\na;y\n1;2\n3;4\n", ["semicolons; header in line 2"], [[1], [3]], [2, 4]),
    "text label": (
        "w,l,species\n5.1,3.5,setosa\n7,3.2,virginica\n6,3,setosa\n",
        ["label column 3 'species', text, 2 classes: setosa, virginica"], [[5.1, 3.5], [7, 3.2], [6, 3]],
        ["setosa", "virginica", "setosa"],
    ),
    "text label, no names": (
        "5.1,3.5,b\n7,3.2,a\n6,3,b\n", ["no header", "2 classes: a, b"], [[5.1, 3.5], [7, 3.2], [6, 3]], "bab",
    ),
    "every class once": (
        "5.1,3.5,b\n7,3.2,a\n6,3,c\n", ["no header", "3 classes: a, b, c"], [[5.1, 3.5], [7, 3.2], [6, 3]], "bac",
    ),
    "booleans": ("x,z,y\n1,2,True\n3,4,False\n", ["2 classes: False, True"], [[1, 2], [3, 4]], ["True", "False"]),
    "signs before digits": (
        "age,h,pay\n39,40,<=50K\n50,13,>50K\n", ["2 classes: <=50K, >50K"], [[39, 40], [50, 13]], ["<=50K", ">50K"],
    ),
    "chemistry": ("RI,Na,Mg,Type\n1.5,2,3,1\n1.4,5,6,2\n", ["header in line 1"], [[1.5, 2, 3], [1.4, 5, 6]], [1, 2]),
    "names that look hexadecimal": ("lead,0x0,0x1\n5,2,3\n4,5,7\n", ["header in line 1"], [[5, 2], [4, 5]], [3, 7]),
    "names with digits": (
        "1stFlr,28x28,x1,2b\n1,2,3,5\n4,5,6,7\n", ["header in line 1"], [[1, 2, 3], [4, 5, 6]], [5, 7],
    ),
    "trailing delimiters": (
        "a,b,y,\n1,2,3,\n4,5,7,\n", ["3 columns", "a delimiter ends every line"], [[1, 2], [4, 5]], [3, 7],
    ),
    "blank lines": ("\n\na,y\n\n1,2\n \n3,4\n\n\n", ["header in line 3", "2 rows"], [[1], [3]], [2, 4]),
    "comments": (
        "# made by hand\na,y\n# on Monday\n1,2\n3,4\n", ["header in line 2", "2 comment lines"], [[1], [3]], [2, 4],
    ),
    "names in a comment": ("# a,b,y\n1,2,3\n4,5,7\n", ["no header", "1 comment line"], [[1, 2], [4, 5]], [3, 7]),
    "line ends of DOS": ("a,y\r\n1,2\r\n3,4\r\n", ["2 rows"], [[1], [3]], [2, 4]),
    "line ends of old": ("a,y\r1,2\r3,4", ["2 rows"], [[1], [3]], [2, 4]),
    "quoted line end": ('"a\nb","y"\n1,2\n3,4\n', ["header in line 1", "2 rows"], [[1], [3]], [2, 4]),
    "spaces": (
        "a, b, y\n1, 2 , yes\n 3, \"4\",no\n", ["label column 3 'y'", "classes: no, yes"], [[1, 2], [3, 4]],
        ["yes", "no"],
    ),
    "byte order mark": ("\ufeffa,y\n1,2\n", ["label column 2 'y'"], [[1]], [2]),
    "UTF-16": ("a\ty\n1\t2\n".encode("utf-16"), ["tabs, UTF-16"], [[1]], [2]),
    "UTF-32": ("a;y\n1;2\n".encode("utf-32"), ["semicolons, UTF-32"], [[1]], [2]),
    "umlauts": ("größe,y\n1,schön\n2,weiß\n", ["2 classes: schön, weiß"], [[1], [2]], ["schön", "weiß"]),
    "forms of numbers": (
        "+1.5,2.,1\n.5,-3e-2,0\n1E+3,00012,1\n", ["3 rows"], [[1.5, 2], [0.5, -0.03], [1000, 12]], [1, 0, 1],
    ),
    "one row": ("1,2,3,4\n", ["1 rows, 4 columns"], [[1, 2, 3]], [4]),
    "1 to 3 above 4 to 6": ("1,2,3\n4,5,6\n", ["no header", "2 rows"], [[1, 2], [4, 5]], [3, 6]),
    "1 to 3 above 7 to 9": ("1,2,3\n7,8,9\n", ["no header", "2 rows"], [[1, 2], [7, 8]], [3, 9]),
    "every point rises": (
        "1,2,3\n4,6,9\n3,5,8\n", ["no header", "3 rows"], [[1, 2], [4, 6], [3, 5]], [3, 9, 8],
    ),
    "the first point falls to its class": (
        "3,2,1\n5,1,0\n2,8,1\n", ["no header", "3 rows"], [[3, 2], [5, 1], [2, 8]], [1, 0, 1],
    ),
    "equal steps of halves": (
        "0.5,1,1.5\n2,7,1\n3,1,2\n", ["no header", "3 rows"], [[0.5, 1], [2, 7], [3, 1]], [1.5, 1, 2],
    ),
    "the first point is an outlier": (
        "900,2,1\n1,3,0\n2,2,1\n", ["no header", "3 rows"], [[900, 2], [1, 3], [2, 2]], [1, 0, 1],
    ),
    "yes among yes and no": ("1,2,y\n3,7,n\n", ["no header", "2 classes: n, y"], [[1, 2], [3, 7]], "yn"),
    "a point of years": (
        "1990,1995,2005\n1991,1994,1980\n4,5,9\n", ["no header", "3 rows"], [[1990, 1995], [1991, 1994], [4, 5]],
        [2005, 1980, 9],
    ),
    "features in few numbers": (
        "0,1,.5\n1,0,.7\n1,1,.1\n0,0,.3\n", ["no header", "4 rows"], [[0, 1], [1, 0], [1, 1], [0, 0]],
        [0.5, 0.7, 0.1, 0.3],
    ),
    "a class that occurs once": (
        "0,1.5,2\n1,.5,1\n1,1.2,1\n0,.7,0\n", ["no header", "4 rows"],
        [[0, 1.5], [1, 0.5], [1, 1.2], [0, 0.7]], [2, 1, 1, 0],
    ),
    "all in quotes": ('"7","3","12"\n"9","2","14"\n', ["no header"], [[7, 3], [9, 2]], [12, 14]),
    "a class called none": ("a,y\n1,none\n2,some\n", ["2 classes: none, some"], [[1], [2]], ["none", "some"]),
    "sodium": ("a,y\n1,Na\n2,K\n", ["2 classes: K, Na"], [[1], [2]], ["Na", "K"]),
    "called id, counted from 0": (
        "id,a,y\n0,0.5,1\n1,2.5,0\n",
        ["index column 1 'id', left out", "column 1 'id' counts the rows (index = false keeps it)"], [[0.5], [2.5]],
        [1, 0],
    ),
    "sample_id, counted from 1": ("sample_id,a,y\n1,.5,1\n2,2.5,0\n", ["index column 1"], [[0.5], [2.5]], [1, 0]),
    "readr's name for no name": ("...1,a,y\n1,.5,1\n2,2.5,0\n", ["index column 1 '...1'"], [[0.5], [2.5]], [1, 0]),
    "R's name for no name": ("X,a,b\n1,.5,1\n2,2.5,0\n", ["index column 1 'X'"], [[0.5], [2.5]], [1, 0]),
    "PassengerId": (
        "PassengerId,a,y\n1,.5,1\n2,2.5,0\n", ["index column 1 'PassengerId'"], [[0.5], [2.5]], [1, 0],
    ),
    "two indices": (
        "level_0,index,a,y\n0,0,.5,1\n1,1,2.5,0\n", ["index column 1 'level_0', column 2 'index'"], [[0.5], [2.5]],
        [1, 0],
    ),
    "an id that is no whole number": ("Id,Vg,y\n.5,1,1\n.7,2,0\n", ["no index"], [[0.5, 1], [0.7, 2]], [1, 0]),
    "X as a coordinate": ("X,a,y\n7,5,1\n7,4,0\n8,6,2\n", ["no index"], [[7, 5], [7, 4], [8, 6]], [1, 0, 2]),
    "x, y, z": ("x,y,z\n1,2,5\n2,2,6\n", ["label column 3 'z'"], [[1, 2], [2, 2]], [5, 6]),
    "large numbers that are doubles": (
        "9007199254740992,1\n100000000000000000000,-9007199254740994\n9007199254740993.0,1e30\n", ["3 rows"],
        [[2.0**53], [1e20], [2.0**53]], [1, -(2.0**53) - 2, 1e30],
    ),
    "zeros first": ("0,0,0\n0,1,1\n1,0,1\n", ["no header", "3 rows"], [[0, 0], [0, 1], [1, 0]], [0, 1, 1]),
    "a count of whole numbers": (
        "1,2,0\n2,1,1\n3,3,0\n", ["column 1 counts the rows and is kept as a feature (index = 1"],
        [[1, 2], [2, 1], [3, 3]], [0, 1, 0],
    ),
    "a count of some name": (
        "t,a,y\n0,0.5,1\n1,2.5,0\n2,3.5,1\n", ["column 1 't' counts the rows and is kept"],
        [[0, 0.5], [1, 2.5], [2, 3.5]], [1, 0, 1],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_what_was_taken_for_what_is_said(tmp_path, name):
    text, said, points, labels = READ[name]
    found = data.read(written(tmp_path, text))
    assert re.search(".*".join(map(re.escape, said)), found.described), found.described
    assert "\n" not in found.described
    assert found.source.x.tolist() == points
    if found.source.names is None:
        assert found.source.target[:, 0].tolist() == labels
    else:
        assert [found.source.names[i] for i in found.source.target[:, 0]] == list(labels)
        assert list(found.source.names) == sorted(set(labels))
    assert found.rows == len(points)
    assert found.columns == len(found.index) + len(found.label) + len(found.features)


# what is refused: text, what the one line says in this order
REFUSED = {
    "first cell missing": (",1.5,1\n2.5,3.5,0\n", ["line 1, column 1 is ''; allowed are numbers"]),
    "NA first": ("NA,1.5,1\n2.5,3.5,0\n", ["line 1, column 1 is 'NA'; allowed are numbers"]),
    "? first": ("1.5,?,1\n2.5,3.5,0\n", ["line 1, column 2 is '?'; allowed are numbers"]),
    "letter O": ("O.5,1.5,1\n2.5,3.5,0\n", ["line 1, column 1 is 'O.5'; allowed are numbers"]),
    "hexadecimal": ("0x1F,1.5,1\n2.5,3.5,0\n", ["line 1, column 1 is '0x1F'; allowed are numbers"]),
    "complex": ("1+2j,1.5,1\n2.5,3.5,0\n", ["line 1, column 1 is '1+2j'; allowed are numbers"]),
    "thousands": ('"1,234",1.5,1\n2.5,3.5,0\n', ["line 1, column 1 is '1,234'; allowed are numbers"]),
    "label missing first": ("1,2,\n3,4,1\n5,6,0\n", ["line 1, column 3 is ''; allowed are numbers"]),
    "all broken but the label": ("O.5,yes\n0.7,no\n0.8,yes\n", ["line 1, column 1 is 'O.5'", "'yes' is a class"]),
    "NA": ("1.5,2,1\nNA,3.5,0\n", ["line 2, column 1 is 'NA'; allowed are numbers"]),
    "nan": ("a,y\n1,2\nnan,3\n", ["line 3, column 1 is 'nan'; allowed are numbers, finite ones"]),
    "inf": ("a,y\n1,2\n3,-inf\n", ["line 3, column 2 is '-inf'; allowed are numbers, finite ones"]),
    "too large": ("a,y\n1,2\n3,1e400\n", ["line 3, column 2 is '1e400'; allowed are numbers, finite ones up to 1e150"]),
    "too large to square": ("a,y\n1,2\n1e200,3\n", ["line 3, column 1 is '1e200'", "1e150"]),
    "underscore": ("a,y\n1_000,2\n", ["line 2, column 1 is '1_000'", "column is 'a'"]),
    "minus sign of print": ("a,y\n\u22121,2\n", ["line 2, column 1 is '\u22121'"]),
    "no-break space": ("a,y\n1\u00a0,2\n", ["line 2, column 1 is '1\\xa0'"]),
    "other digits": ("a,y\n\u0661,2\n", ["line 2, column 1 is '\u0661'"]),
    "zero byte": ("a,y\n1\0,2\n", ["line 2, column 1 is '1\\x00'"]),
    "percent": ("a,y\n5%,2\n", ["line 2, column 1 is '5%'"]),
    "money": ("a,y\n$5,2\n", ["line 2, column 1 is '$5'"]),
    "Fortran": ("a,y\n1d5,2\n", ["line 2, column 1 is '1d5'"]),
    "two numbers": ("a,y\n1 2,2\n", ["line 2, column 1 is '1 2'"]),
    "boolean feature": ("a,z,y\nTrue,2,1\nFalse,4,0\n", ["line 2, column 1 is 'True'"]),
    "date feature": ("when,z,y\n2020-01-01,2,1\n2020-01-02,4,0\n", ["line 2, column 1 is '2020-01-01'", "'when'"]),
    "date label": ("a,y\n1,2020-01-01\n2,2020-01-02\n", ["line 2, column 2 is '2020-01-01'; allowed are numbers"]),
    "thousands as label": ('1.5,"1,234"\n2.5,"2,5"\n', ["line 1, column 2 is '1,234'"]),
    "label first": ("sort,w,l\nsetosa,5,3\nvirginica,7,3\n", ["line 2, column 1 is 'setosa'", "label = 1 takes it"]),
    "number among words": ("1,2,a\n3,4,b\n5,6,3\n", ["line 3, column 3 is '3'", "every row"]),
    "word among numbers": ("1,2,1\n3,4,0\n5,6,two\n", ["line 3, column 3 is 'two'; allowed are numbers"]),
    "NA among words": ("1,2,a\n3,4,NA\n5,6,b\n", ["line 2, column 3 is 'NA'; allowed is a label in every row"]),
    "no label": ("1,2,a\n3,4,\n5,6,b\n", ["line 2, column 3 is ''; allowed is a label in every row"]),
    "Excel's NA": ("1,2,a\n3,4,#N/A\n5,6,b\n", ["line 2, column 3 is '#N/A'"]),
    "Excel's NA as a comment": ("a,y\n1,2\n#N/A,4\n5,6\n", ["line 3, column 1 is '#N/A'"]),
    "Excel's NA first": ("#N/A,1\n1,2\n", ["line 1, column 1 is '#N/A'"]),
    "a point behind #": ("1,2\n#3,4\n5,6\n", ["line 2, column 1 is '#3'"]),
    "line end in a label": ('1,2,"a\nb"\n3,4,c\n', ["line 1, column 3 is 'a\\nb'", "printable"]),
    "hidden space in a label": ("1,2,a\u200bb\n3,4,ab\n", ["line 1, column 3 is 'a\\u200bb'", "printable"]),
    "0 to 2": (
        "0,1,2\n0.5,1.5,1\n2.5,3.5,0\n", ["line 1 is '0,1,2'", "header = true reads names, header = false a point"],
    ),
    "0 to 2 alone": ("0,1,2\n", ["line 1 is '0,1,2'", "header = true"]),
    "years": ("1990,1991,1992,1993\n0.5,1.5,2.5,1\n", ["line 1 is '1990,1991,1992,1993'", "header = true"]),
    "years with gaps": ("1990,1995,2005\n.1,.5,.2\n.3,.4,.9\n", ["line 1 is '1990,1995,2005'", "header = true"]),
    "years with gaps above rising points": (
        "1990,1995,2005\n.1,.4,.9\n.3,.4,.5\n", ["line 1 is '1990,1995,2005'", "header = true"],
    ),
    "years with gaps above one point": ("1990,1995,2005\n.1,.4,.9\n", ["line 1 is '1990,1995,2005'", "header = true"]),
    "years above counts as large": (
        "1990,1995,2005,2010,2015,2019\n812,1990,2003,1500,3000,900\n1700,2100,400,800,2500,2700\n",
        ["line 1 is '1990,", "header = true"],
    ),
    "wavelengths": (
        "400.5,401.0,401.5,402.0\n.1,.5,.2,1\n.3,.4,.9,0\n", ["line 1 is '400.5,401.0,401.5,402.0'", "header = true"],
    ),
    "wave numbers fall": (
        "4000,3998,3995,3990\n.1,.5,.2,1\n.3,.4,.9,0\n", ["line 1 is '4000,3998,3995,3990'", "header = true"],
    ),
    "wave numbers fall in equal steps": (
        "404,403,402,401,400\n500,350,2,399,1\n300,350,9,401,0\n", ["line 1 is '404,", "header = true"],
    ),
    "1 to 4": (
        "1,2,3,4\n5.1,3.5,1.4,0\n4.9,3,1.4,1\n", ["line 1 is '1,2,3,4'", "header = true reads names"],
    ),
    "1 to 4 above pixels": ("1,2,3,4\n0,12,255,1\n9,7,3,0\n", ["line 1 is '1,2,3,4'", "header = true reads names"]),
    "1 to 3 and the others' range by columns": (
        "3,5,8\n1000,70,20\n1001,72,21\n1002,71,20\n", ["line 1 is '3,5,8'", "header = true reads names"],
    ),
    "an index beside names by number": ("0,1,2\n.5,7,1\n.7,8,0\n", ["line 1 is '0,1,2'", "header = true"]),
    "wavelengths and a class": (
        "400.5,401.0,sort\n.1,.5,a\n.3,.4,b\n", ["line 1 is '400.5,401.0,sort'", "header = true"],
    ),
    "numbers and a class, each once": ("5,2,species\n1,7,cat\n2,3,dog\n", ["line 1 is '5,2,species'", "header = true"]),
    "numbers and kind, each once": ("5,2,Kind\n1,7,cat\n2,3,dog\n", ["line 1 is '5,2,Kind'", "header = true"]),
    "numbers and y": ("5,2,y\n1,7,cat\n2,3,dog\n", ["line 1 is '5,2,y'", "header = true"]),
    "1 to 8 and a label called 0": (
        "1,2,3,4,5,6,7,8,0\n9,3,1,7,2,8,1,4,1\n7,5,3,1,9,2,8,4,0\n", ["line 1 is '1,2,3,4,5,6,7,8,0'", "header = true"],
    ),
    "numbers above a label of words": (
        "5,2,3\n.5,.7,p\n.7,.1,q\n", ["line 1, column 3 is '3'", "every row", "header = true reads names"],
    ),
    "a word of its own in every row": (
        "a,b\n" + "".join(f"{i % 7}.5,gene{i}\n" for i in range(10)),
        ["column 2 'b' holds another word in each of 10 rows", "label = 2 takes it as the label, index = 2 leaves"],
    ),
    "names in quotes, points without": (
        '"7","3","12"\n9,2,14\n3,5,10\n', ["line 1 is '7,3,12'", "header = true reads names"],
    ),
    "row beside col": ("row,col,a,y\n1,1,2,1\n2,1,5,0\n", ["column 1 'row' may be an index or a feature"]),
    "two targets": (
        "a,b,Y1,Y2\n1,2,3,4\n4,5,6,7\n",
        ["the last 2 columns are called as labels are", "target_columns = 2 takes them, label = 4 the last alone"],
    ),
    "an id of patients, twice": (
        "patient_id,bp,y\n101,120,0\n101,125,1\n", ["column 1 'patient_id' may be an index", "holds whole numbers"],
    ),
    "years above counts that rise": (
        "1990,1995,2005\n800,1900,2500\n700,1800,3000\n", ["line 1 is '1990,1995,2005'", "header = true"],
    ),
    "an id in a comment": (
        "#id,a,y\n5,2,3\n9,5,7\n6,5,1\n", ["column 1 'id' may be an index or a feature", "index = 1 leaves it out"],
    ),
    "an id that counts in a comment": (
        "# id,a,y\n1,2,3\n2,5,7\n", ["column 1 'id' may be an index or a feature", "index = 1 leaves it out"],
    ),
    "a label first in a comment": ("# class,a,b\n1,2,3\n2,5,7\n", ["column 1 'class'", "label = 1", "label = 3"]),
    "the id last": ("a,b,id\n1,2,31\n2,5,17\n", ["column 3 'id', the last, is called as an index", "label says"]),
    "an id in between": (
        "a,id,y\n.1,31,1\n.2,17,0\n", ["column 2 'id' may be", "a whole number a row, none twice", "index = 2"],
    ),
    "ids that come twice": ("a,id,y\n.1,31,1\n.2,31,0\n", ["column 2 'id' may be an index", "holds whole numbers"]),
    "called uuid": ("uuid,a,y\n31,2,1\n17,5,0\n", ["column 1 'uuid' may be an index or a feature"]),
    "called key": ("key,a,y\n31,2,1\n17,5,0\n", ["column 1 'key' may be an index or a feature"]),
    "called _id": ("_id,a,y\n31,2,1\n17,5,0\n", ["column 1 '_id' may be an index or a feature"]),
    "called level_0": ("level_0,a,y\n31,2,1\n17,5,0\n", ["column 1 'level_0' may be an index or a feature"]),
    "called X": ("X,a,b\n31,2,1\n17,5,0\n", ["column 1 'X' may be an index or a feature"]),
    "X beside Y counts": ("X,Y,b\n1,2,1\n2,5,0\n", ["column 1 'X' may be an index or a feature"]),
    "called ...1": ("...1,a,b\n31,2,1\n17,5,0\n", ["column 1 '...1' may be an index or a feature"]),
    "a label first": (
        "label,p0,p1\n5,2,3\n4,5,7\n",
        ["column 1 'label' is called as labels are, column 3 'p1', the last, is not; label = 1 takes", "label = 3"],
    ),
    "a label first, names by number": (
        "label,1,2\n5,2,3\n4,5,7\n", ["line 1, column 1 is 'label'; allowed are numbers; header = true reads names"],
    ),
    "y first": ("y,a,b\n1,2,3\n0,5,7\n", ["column 1 'y' is called as labels are", "label = 1", "label = 3"]),
    "the same label everywhere, classes first": (
        "0,2,5\n1,5,5\n0,7,5\n1,7,5\n", ["column 1 holds 2 whole", "column 3, 1 number; label = 1", "label = 3"],
    ),
    "classes in column 1": (
        "1,14.2,1065\n1,13.2,1050\n2,12.3,520\n2,12.1,680\n",
        ["column 1 holds 2 whole numbers, as classes are, and the last, column 3, 4 numbers; label = 1", "label = 3"],
    ),
    "signs in column 1": ("+1,.5,.2\n-1,.1,.4\n+1,.3,.3\n-1,.2,.2\n", ["column 1 holds 2 whole numbers", "label = 1"]),
    "years with gaps above counts": (
        "1990,1995,2005\n120,180,30\n80,88,70\n4000,88,70\n", ["line 1 is '1990,1995,2005'", "header = true"],
    ),
    "ids of letters": ("uuid,a,y\n5f1e,1,2\n5f1f,3,4\n", ["line 2, column 1 is '5f1e'", "index = 1 leaves the column"]),
    "words first": (
        "M,.4,15\nF,.3,7\n", ["line 1, column 1 is 'M'", "index = true", "label = 1", "header = true reads names"],
    ),
    "digits lost": ("a,y\n1,2\n9007199254740993,3\n", ["line 3, column 1 is '9007199254740993'", "2**53", "'a'"]),
    "digits lost in a label": ("a,y\n1,-123456789012345678\n", ["line 2, column 2 is '-123456789012345678'", "2**53"]),
    "digits lost behind zeros": (f"a,y\n{'0' * 9000}9007199254740993,1\n", ["line 2, column 1 is '000", "2**53"]),
    "form feed in a label": ("a,y\n1,2\n3,\f4\n", ["line 3, column 2 is '\\x0c4'; allowed are numbers"]),
    "form feed in every label": ("a,y\n1,\f2\n3,\f4\n", ["line 2, column 2 is '\\x0c2'; allowed are numbers"]),
    "form feed in a class": ("a,y\n1,p\n3,q\f\n", ["line 3, column 2 is 'q\\x0c'; allowed are printable"]),
    "0, 1 and a word": (
        "0,1,y\n0.5,1.5,1\n2.5,3.5,0\n", ["line 1, column 3 is 'y'; allowed are numbers; header = true"],
    ),
    "0, 1 and a class": ("0,1,kind\n0.5,1.5,a\n2.5,3.5,b\n", ["line 1 is '0,1,kind'", "header = true"]),
    "a class seen once": ("7,5,kind\n1,1,a\n2,3,b\n4,5,a\n6,8,b\n", ["line 1 is '7,5,kind'", "header = true"]),
    "nothing but NA": ("NA,NA,NA\n1,2,3\n", ["line 1 is 'NA,NA,NA'", "header = true"]),
    "nothing but broken numbers": ('"1,5",5%\n1,2\n', ["line 1 is '1,5,5%'", "header = true"]),
    "called index": (
        "index,a,y\n0,0.5,1\n2,2.5,0\n4,3.5,1\n", ["column 1 'index'", "index = 1 leaves it out, index = false"],
    ),
    "called id": (
        "ID,a,y\n842,0.5,1\n111,2.5,0\n27,3.5,1\n",
        ["column 1 'ID'", "a whole number a row, none twice", "index = 1"],
    ),
    "index without names": (
        "0,0.5,1\n1,2.5,0\n2,3.5,1\n", ["column 1 may be an index", "counts the rows", "index = false"],
    ),
    "no name, no index": (
        ",a,y\n0.5,0.5,1\n1.5,2.5,0\n", ["line 2, column 1 is '0.5'", "whole numbers", "index = true"],
    ),
    "a name twice": ("a,a,y\n1,2,3\n", ["two columns 'a', 1 and 2"]),
    "a name missing": ("a,,y\n1,2,3\n", ["column 2 has no name"]),
    "short row": ("a,b,y\n1,2,3\n\n4,5\n", ["line 4 has 2 columns, the first row has 3"]),
    "long row": ("a,b,y\n1,2,3\n4,5,6,7\n", ["line 3 has 4 columns, the first row has 3"]),
    "short header": ("a,b\n1,2,3\n", ["line 2 has 3 columns, the first row has 2"]),
    "title": ("My data\na,b,y\n1,2,3\n", ["line 2 has 3 columns, the first row has 1"]),
    "delimiters behind the points": ("a,b,y\n1,2,3,\n4,5,6,\n", ["line 2 has 4 columns"]),
    "no label anywhere": ("1.5,2,\n4,5,\n", ["line 1, column 3 is ''; allowed are numbers"]),
    "a label's name and no label": ("a,b,y\n1.5,2,\n4,5,\n", ["line 2, column 3 is ''; allowed are numbers"]),
    "units": ("a,y\nm,s\n1,2\n", ["line 2, column 1 is 'm'"]),
    "open quote": ('a,y\n1,"2\n3,4\n', ["line 2 cannot be split", "a quote does not close"]),
    "stray quote": ('a,y\n1,2"\n3,4\n', ["line 2, column 2 is '2\"'"]),
    "text behind a quote": ('a,y\n"1"2,2\n', ["line 2 cannot be split"]),
    "a quote over the points": (
        'a,"y\n1,2\n3,"\n4,5\n', ["line 1, column 2 is 'y\\n1,2\\n3,'", "does a quote not close"],
    ),
    "after quoted line ends": ('"a\nb","y"\n1,2\n3,x\n', ["line 4, column 2 is 'x'", "the column is 'y'"]),
    "after blank lines": ("\r\n\r\na,y\r\n\r\n1,2\r\n\r\n3,x\r\n", ["line 7, column 2 is 'x'"]),
    "line ends of old": ("a,y\r1,2\r3,x", ["line 3, column 2 is 'x'"]),
    "long cell": (f"a,y\n{'1' * 200_000},2\n", ["line 2 cannot be split", "131072"]),
    "long number": (f"{'1' * 5000},2\n3,4\n", ["line 1, column 1 is '111", "finite ones"]),
    "thousands with semicolons": ("1,234;2,345\n3,456;1,111\n", ["'1,234'", "thousands", "decimal = ','"]),
    "dots before thousands": ("1.234;2.345\n3.456;1.111\n", ["'1.234'", "thousands", "decimal = '.'"]),
    "a dot among decimal commas": ("1,5;2,5\n0,5;2.5\n1,5;1\n", ["line 2, column 2 is '2.5'", "decimal = '.'"]),
    "empty": ("", ["holds no row of numbers"]),
    "blank": (" \n\r\n", ["holds no row of numbers"]),
    "names only": ("a,b,y\n", ["holds no row of numbers"]),
    "one column": ("1\n2\n", ["has 1 columns and the points need one"]),
    "spaces between": ("1.0 2.0\n3.0 4.0\n", ["1 columns", "commas, semicolons, tabs, bars"]),
    "empty row of tabs": ("1\t2\n\t\n", ["line 2, column 1 is ''"]),
    "Latin-1 in a number": (b"a,y\n1\xb5,2\n", ["line 2, column 1 is", "UTF-8"]),
    "Latin-1 in a name": ("größe,y\n1,2\n".encode("latin-1"), ["line 1, column 1 is", "UTF-8"]),
    "Latin-1 in a label": ("a,y\n1,schön\n2,neu\n".encode("latin-1"), ["line 2, column 2 is", "UTF-8"]),
    "UTF-16 without a mark": ("a,y\n1,2\n".encode("utf-16-le"), ["line "]),
    "half of UTF-16": ("a,y\n1,2\n".encode("utf-16")[:-1], ["UTF-16 text"]),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_bad_or_has_two_readings_is_refused_with_its_place(tmp_path, name):
    text, parts = REFUSED[name]
    with refused("t.csv", *parts):
        data.read(written(tmp_path, text))


@pytest.mark.parametrize(
    "word",
    """
    ? ??? - -- --- \u2014 . .. \u2026 * ** NA na N/A n/a N.A. n.a. #N/A <NA> NULL null Null (null) None NaT \\N nan NaN
    NAN Nan -nan inf Inf -INF Infinity #VALUE! #DIV/0! (blank) n.d. k.A.""".split(),  # noqa: SIM905
)
def test_a_value_that_is_missing_is_no_class_and_no_number(tmp_path, word):
    for cells, place in (
        (f"1,2,p\n3,4,q\n5,6,{word}\n7,8,q\n", "line 3, column 3"),
        (f"a,b,y\n1,2,p\n3,4,{word}\n5,6,{word}\n7,8,{word}\n", "line 3, column 3"),
        (f"a,b,y\n1,2,p\n{word},4,q\n", "line 3, column 1"),
        (f"a,b,y\n1,2,3\n5,{word},7\n", "line 3, column 2"),
        (f"a,b,y\n1,2,3\n5,3,{word}\n", "line 3, column 3"),
    ):
        with refused("t.csv", f"{place} is {word!r}; allowed"):
            data.read(written(tmp_path, cells))
